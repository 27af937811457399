"""The values that ``upstreams.toml`` can have, as pydantic's types.

Importing this module imports pydantic.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from lint502.declared import profiles
from lint502.declared.sources.upstreams_toml import values
from lint502.nginx.values import SIZE_PATTERN, TIME_PATTERN

Time = Annotated[
    int,
    PlainValidator(values.time),
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "pattern": TIME_PATTERN,
            "minLength": 1,
            "examples": ["30s", "1m30s", "500ms"],
        }
    ),
]
Size = Annotated[
    int,
    PlainValidator(values.size),
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "pattern": SIZE_PATTERN,
            "examples": ["4096", "16k", "10m"],
        }
    ),
]
Line = Annotated[str, AfterValidator(values.text), Field(json_schema_extra={"minLength": 1})]
Host = Annotated[str, AfterValidator(values.host), Field(json_schema_extra={"minLength": 1})]
Bind = Annotated[str, AfterValidator(values.bind)]
Ip = Annotated[str, AfterValidator(values.ip)]
Port = Annotated[int, Field(ge=1, le=65535)]
UrlPath = Annotated[
    str, AfterValidator(values.url_path), Field(json_schema_extra={"pattern": "^/"})
]
Name = Annotated[str, AfterValidator(values.name)]
SocketPath = Annotated[
    str, AfterValidator(values.socket_path), Field(json_schema_extra={"pattern": "^/"})
]
Mode = Annotated[
    int,
    PlainValidator(values.mode),
    WithJsonSchema({"type": "string", "pattern": "^[0-7]{3,4}$", "examples": ["0660"]}),
]
ServerName = Annotated[
    str,
    AfterValidator(values.server),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": list(profiles.names())},
                {"type": "string", "pattern": "^[a-z0-9-]+/[0-9]+([.][0-9]+)*$"},
            ]
        }
    ),
]
