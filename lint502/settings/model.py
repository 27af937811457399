"""The form of ``lint502.toml`` as a pydantic model, and how its mistakes are worded.

Importing this module imports pydantic: only functions import it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    create_model,
)

from lint502.checks import rule_of
from lint502.nginx.derivatives import named, version_meant
from lint502.nginx.values import TIME_PATTERN, parse_time
from lint502.quoting import quote
from lint502.rule_names import RULES
from lint502.toml.mistakes import Form, KeyPath, UnknownNameError, table, unknown_key


def _text(value: str) -> str:
    if not value:
        raise ValueError("must not have an empty string")
    if "\0" in value:
        raise ValueError("must not have a NUL byte")
    return value


def _version(value: object) -> object:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(f'must be a string: write "{value}"')
    if isinstance(value, str) and value != "auto":
        try:
            named(value)
        except ValueError:
            meant = version_meant(value)
            more = "" if meant is None else f"; write {quote(meant)}"
            raise ValueError(
                f'must be "auto" or an nginx version such as "1.26.3", not {quote(value)}{more}'
            ) from None
    return value


def _key(value: str) -> str:
    if not value:
        raise ValueError("a key must not be empty")
    if "\0" in value:
        raise ValueError("a key must not have a NUL byte")
    return value


def _rule(value: str) -> str:
    if value not in RULES:
        raise _no_rule(value)
    return value


def _no_rule(name: str) -> UnknownNameError:
    message = f"names a rule {quote(name)} that does not exist"
    return UnknownNameError(message, name, RULES, 'see "lint502 rules"')


def _tables(value: object) -> object:
    if not isinstance(value, list):
        raise ValueError(f"must be several tables, each headed [[root]], not {quote(value)}")
    return value


def _time(value: object) -> object:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    try:
        if not isinstance(text, str):
            raise ValueError
        parse_time(text)
    except ValueError:
        raise ValueError(
            f'must be a time as nginx writes it, such as "2s" or "500ms", not {quote(value)}'
        ) from None
    return value


Named = Annotated[str, AfterValidator(_text)]
Key = Annotated[str, AfterValidator(_key)]
RuleName = Annotated[str, AfterValidator(_rule), Field(json_schema_extra={"enum": list(RULES)})]
Time = Annotated[
    str | int,
    BeforeValidator(_time),
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "pattern": TIME_PATTERN,
            "minLength": 1,
            "examples": ["2s", "500ms"],
        }
    ),
]


class _SettingsTable(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NoOptions(_SettingsTable):
    """The options of most rules: none."""


def _options_of(rule: str) -> type[BaseModel]:
    """The table of a rule, from the options that it declares."""
    fields: dict[str, Any] = {
        option.name: (Annotated[Time | None, Field(description=option.description)], None)
        for option in rule_of(rule).options
    }
    if not fields:
        return NoOptions
    name = "".join(word.capitalize() for word in rule.split("-"))
    return create_model(name, __base__=_SettingsTable, __doc__=f"The options of {rule}.", **fields)


_OPTIONS = {rule: _options_of(rule) for rule in RULES}
_FIELDS: dict[str, Any] = {
    rule.replace("-", "_"): (
        _OPTIONS[rule] | None,
        Field(None, alias=rule, description=f"The options of {rule}."),
    )
    for rule in RULES
}
RulesTable = create_model("RulesTable", __base__=_SettingsTable, **_FIELDS)
"""The ``[rules.NAME]`` tables."""


NginxVersion = Annotated[
    Annotated[str, BeforeValidator(_version)] | None,
    Field(
        description='The nginx to go by, such as "1.26.3" or "angie/1.10.1", or '
        '"auto": the installed one.',
        json_schema_extra={
            "pattern": "^ *(auto|([A-Za-z]+/)?[0-9]{1,4}([.][0-9]{1,4}){1,3}) *$",
            "examples": ["1.26.3", "angie/1.10.1", "auto"],
        },
    ),
]
Specs = Annotated[list[Named] | None, Field(description="The files that declare upstreams.")]
Map = Annotated[
    dict[Key, Named],
    Field(description="Where to read what nginx reads elsewhere: FROM = TO."),
]
Env = Annotated[dict[Key, str], Field(description="Values of the environment that templates use.")]


class RootTable(_SettingsTable):
    """A root with settings of its own; what it leaves out is that of all."""

    path: Annotated[Named, Field(description="The nginx configuration to check.")]
    specs: Specs = None
    nginx_version: NginxVersion = None
    map: Map = {}
    env: Env = {}


class SettingsTable(_SettingsTable):
    """A whole settings file."""

    root: Annotated[
        list[RootTable],
        BeforeValidator(_tables),
        Field(description="Roots that have settings of their own."),
    ] = []

    roots: Annotated[list[Named], Field(description="The nginx configurations to check.")] = []
    specs: Specs = None
    nginx_version: NginxVersion = None
    fail_on: Annotated[
        Literal["error", "warning", "info", "never"] | None,
        Field(
            description="The least severity that makes the exit code 1.",
            json_schema_extra={"default": "error"},
        ),
    ] = None
    select: Annotated[list[RuleName], Field(description="Only these rules.")] = []
    ignore: Annotated[list[RuleName], Field(description="Not these rules.")] = []
    ignore_in: Annotated[
        dict[Key, list[RuleName]],
        Field(description="Rules not to report in the files that a pattern fits."),
    ] = {}
    baseline: Annotated[
        Named | None, Field(description="The file of the findings that are known.")
    ] = None
    allow_missing: Annotated[
        list[Named],
        Field(description="Patterns of includes that exist only where nginx runs."),
    ] = []
    known_directives: Annotated[
        list[Named],
        Field(description="Patterns of the directives of modules of your own."),
    ] = []
    allow_paths: Annotated[
        list[Named],
        Field(description="Folders of the checkout, outside the tree, that may be read, too."),
    ] = []
    derive: Annotated[
        bool,
        Field(
            description="Whether Compose files and their like say what stands behind nginx, and "
            "which files it reads."
        ),
    ] = True
    allow_empty: Annotated[
        bool, Field(description="Whether a configuration without a pass is fine.")
    ] = False
    map: Map = {}
    env: Env = {}
    rules: Annotated[
        RulesTable | None,  # type: ignore[valid-type]
        Field(description="The options of single rules, by their names."),
    ] = None


def _is_table(path: KeyPath) -> bool:
    if path[0] == "root":
        return isinstance(path[-1], int)
    return path[0] == "rules" and len(path) < 3


def _unknown(path: KeyPath, _value: Any, hint: bool) -> str:
    key = str(path[-1])
    if path[0] == "rules" and len(path) == 2:
        error = _no_rule(key)
        return f"[rules] {error}" + (f"; {error.hint()}" if hint else "")
    model: type[BaseModel] = SettingsTable
    if path[1:]:
        model = RootTable if path[0] == "root" else _OPTIONS.get(str(path[1]), NoOptions)
    where = f" in {table(path[:-1])}" if path[1:] else ""
    if not model.model_fields:
        return f"unknown key {quote(key)}{where}; this rule takes none"
    return unknown_key(key, where, model.model_fields, hint=hint)


FORM = Form(_is_table, _unknown)
"""How mistakes in the settings are worded."""
