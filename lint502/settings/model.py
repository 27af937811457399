"""The form of ``lint502.toml`` as a pydantic model, and how its mistakes are worded.

Importing this module imports pydantic: only functions import it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model
from pydantic_core import PydanticCustomError

from lint502.checks import rule_of
from lint502.nginx.values import parse_time
from lint502.nginx.version import Version
from lint502.quoting import dotted, listing, meant, quote
from lint502.rule_names import RULES


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
            Version.parse(value)
        except ValueError:
            raise ValueError(
                f'must be "auto" or an nginx version such as "1.26.3", not {quote(value)}'
            ) from None
    return value


def _rule(value: str) -> str:
    if value not in RULES:
        raise PydanticCustomError("no_rule", "names a rule that does not exist")
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
RuleName = Annotated[str, AfterValidator(_rule)]
Time = Annotated[str | int, BeforeValidator(_time)]


class _SettingsTable(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NoOptions(_SettingsTable):
    """What most rules can be told: nothing."""


def _options_of(rule: str) -> type[BaseModel]:
    """The table of a rule, from the options that it declares."""
    fields: dict[str, Any] = {
        option.name: (Annotated[Time | None, Field(description=option.description)], None)
        for option in rule_of(rule).options
    }
    if not fields:
        return NoOptions
    name = "".join(word.capitalize() for word in rule.split("-"))
    return create_model(
        name, __base__=_SettingsTable, __doc__=f"What {rule} can be told.", **fields
    )


_OPTIONS = {rule: _options_of(rule) for rule in RULES}
_FIELDS: dict[str, Any] = {
    rule.replace("-", "_"): (_OPTIONS[rule] | None, Field(None, alias=rule)) for rule in RULES
}
RulesTable = create_model("RulesTable", __base__=_SettingsTable, **_FIELDS)
"""The ``[rules.NAME]`` tables."""


NginxVersion = Annotated[
    Annotated[str, BeforeValidator(_version)] | None,
    Field(description='The nginx to go by, such as "1.26.3", or "auto": the installed one.'),
]
Specs = Annotated[list[Named] | None, Field(description="The files that declare upstreams.")]
Map = Annotated[
    dict[Named, Named],
    Field(description="Where to read what nginx reads elsewhere: FROM = TO."),
]
Env = Annotated[
    dict[Named, str], Field(description="Values of the environment that templates use.")
]


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
        list[RootTable], Field(description="Roots that have settings of their own.")
    ] = []

    roots: Annotated[list[Named], Field(description="The nginx configurations to check.")] = []
    specs: Specs = None
    nginx_version: NginxVersion = None
    fail_on: Annotated[
        Literal["error", "warning", "info", "never"] | None,
        Field(description="The least severity that makes the exit code 1."),
    ] = None
    select: Annotated[list[RuleName], Field(description="Only these rules.")] = []
    ignore: Annotated[list[RuleName], Field(description="Not these rules.")] = []
    ignore_in: Annotated[
        dict[Named, list[RuleName]],
        Field(description="Rules not to report in the files that a pattern fits."),
    ] = {}
    baseline: Annotated[
        Named | None, Field(description="The file of the findings that are known.")
    ] = None
    allow_missing: Annotated[
        list[Named],
        Field(description="Patterns of includes that exist only where nginx runs."),
    ] = []
    allow_paths: Annotated[
        list[Named], Field(description="Folders outside the tree that may be read, too.")
    ] = []
    map: Map = {}
    env: Env = {}
    rules: Annotated[
        RulesTable | None,  # type: ignore[valid-type]
        Field(description="What single rules are told, by their names."),
    ] = None


_MUST = {
    "string_type": "a string",
    "list_type": "a list of strings",
    "dict_type": "a table",
    "model_type": "a table",
}


def path_of(item: Mapping[str, Any]) -> tuple[str | int, ...]:
    """The key path of one of pydantic's errors; of a key that is missing that of its table."""
    path = tuple(part for part in item["loc"] if part != "[key]")
    return path[:-1] if item["type"] == "missing" else path


def message(item: Mapping[str, Any], *, hint: bool) -> str:
    """One of pydantic's errors, for the person who has to mend it; ``hint`` at what is meant."""
    kind, value, path = item["type"], item["input"], path_of(item)
    if kind == "extra_forbidden":
        return _unknown(path, hint=hint)
    subject = _subject(path[:1] if item["loc"][-1] == "[key]" else path)
    if kind == "missing":
        return f"{quote(item['loc'][-1])} is missing in {subject}"
    if kind in _MUST:
        inside = isinstance(path[-1], int) and path[0] != "root"
        must = "must contain only strings" if inside else f"must be {_MUST[kind]}"
        if path == ("root",):
            must = "must be several tables: [[root]]"
        return f"{subject} {must}, not {_written(value)}"
    if kind == "literal_error":
        words = ("error", "warning", "info", "never")
        return f"{subject} must be {listing(words)}, not {quote(value)}"
    if kind == "no_rule":
        return f"{subject} {_no_rule(value, hint=hint)}"
    if kind == "value_error":
        return f"{subject} {item['ctx']['error']}"
    return f"{subject} is wrong: {item['msg']}"


def _no_rule(name: str, *, hint: bool) -> str:
    message = f"names a rule {quote(name)} that does not exist"
    if not hint:
        return message
    return message + "; " + meant(name, RULES, 'see "lint502 rules"')


def _unknown(path: tuple[str | int, ...], *, hint: bool) -> str:
    key = str(path[-1])
    if len(path) == 2:
        return f"[rules] {_no_rule(key, hint=hint)}"
    table: type[BaseModel] = SettingsTable
    if path[1:]:
        table = RootTable if path[0] == "root" else _OPTIONS.get(str(path[1]), NoOptions)
    known = list(table.model_fields)
    what = f"unknown key {quote(key)}" + (f" in {_subject(path[:-1])}" if path[1:] else "")
    if not known:
        return f"{what}; this rule takes none"
    if not hint:
        return what
    verb = "are" if known[1:] else "is"
    return f"{what}; {meant(key, known, f'known {verb} {listing(known)}')}"


def _subject(path: tuple[str | int, ...]) -> str:
    """What a mistake is about, as the file writes it."""
    if path[0] == "rules":
        table = f"[{dotted(path[:2])}]"
        return f"{quote(path[2])} in {table}" if path[2:] else table
    if path[0] == "root" and path[1:]:
        return f"{quote(path[2])} in [[root]]" if path[2:] else "[[root]]"
    if len(path) == 1 or isinstance(path[1], int):
        return quote(path[0])
    return f"{quote(path[1])} in [{path[0]}]"


def _written(value: object) -> str:
    return f"the string {quote(value)}" if isinstance(value, str) else quote(value)
