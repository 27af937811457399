"""Commands written for a shell, read and never run: which programs, with which words."""

from lint502.deployment.shell.commands import commands
from lint502.deployment.shell.expansion import UNKNOWN, expand, fields
from lint502.deployment.shell.simple import Redirection, SimpleCommand
from lint502.deployment.shell.words import (
    Literal,
    Part,
    ShellSyntaxError,
    Substitution,
    Variable,
    Word,
)

__all__ = [
    "UNKNOWN",
    "Literal",
    "Part",
    "Redirection",
    "ShellSyntaxError",
    "SimpleCommand",
    "Substitution",
    "Variable",
    "Word",
    "commands",
    "expand",
    "fields",
]
