"""What a container runs in the end."""

from __future__ import annotations

from msgspec.structs import replace

from lint502.declared.sources.commands import Started, started
from lint502.deployment.containers import Container, Program
from lint502.deployment.filesystem import ContainerFiles
from lint502.deployment.repository import Repository


def run_by(container: Container, repository: Repository) -> Started:
    """What a container starts, as far as its command can be followed."""
    return started(_followed(container.program), ContainerFiles(repository, container.layers))


def _followed(program: Program) -> Program:
    """With the arguments for an entry point that is not known taken for the command: images of
    languages have none, or one that runs its arguments."""
    arguments = program.arguments
    if program.words is not None or arguments is None or not arguments.words:
        return program
    if arguments.words[0].startswith("-"):
        return program
    return replace(program, words=arguments)
