"""What a Dockerfile says of the image that it builds. Nothing of it is run."""

from lint502.deployment.dockerfile.building import build
from lint502.deployment.dockerfile.instructions import Dockerfile, Heredoc, Instruction
from lint502.deployment.dockerfile.parsing import parse
from lint502.deployment.dockerfile.starting import written_at_start

__all__ = ["Dockerfile", "Heredoc", "Instruction", "build", "parse", "written_at_start"]
