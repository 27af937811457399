"""``lint502 schema``: what editors complete and check ``upstreams.toml`` with."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated

import typer

from lint502.cli import output


class File(str, Enum):
    """A file that has a schema."""

    upstreams = "upstreams.toml"
    settings = "lint502.toml"


def schema(
    file: Annotated[
        File,
        typer.Argument(
            metavar="FILE", help="Of which file: upstreams.toml, the default, or lint502.toml."
        ),
    ] = File.upstreams,
) -> None:
    """Write the JSON Schema of upstreams.toml, or of lint502.toml."""
    from lint502 import schema as schemas

    output.write(json.dumps(schemas.schema(file.value), indent=2) + "\n", "json")
