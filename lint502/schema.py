"""JSON Schemas of ``upstreams.toml`` and ``lint502.toml``, from the models that check them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FILES = ("upstreams.toml", "lint502.toml")
"""The files that have a schema."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(file: str) -> dict[str, Any]:
    """The schema of one of the :data:`FILES`, as editors take it: TOML has no null, so nothing may
    be one."""
    if file == "upstreams.toml":
        from lint502.declared.sources.upstreams_toml.form import SpecFile

        made = SpecFile.model_json_schema(by_alias=True)
        description = "What stands behind nginx, and before it, as lint502 reads it."
    else:
        from lint502.settings.model import SettingsTable

        made = SettingsTable.model_json_schema(by_alias=True)
        description = "The settings of lint502."
    plain: dict[str, Any] = _plain(made)
    tables = plain.get("$defs", {})
    whole: dict[str, Any] = {name: _joined(item, tables) for name, item in plain.items()}
    return {"$schema": _DIALECT, **whole, "title": file, "description": description}


def _joined(value: Any, tables: Mapping[str, Any]) -> Any:
    """A schema in which a choice between several types is one schema of all of them, as what is
    said of a table bears on tables alone. An editor names the key that is wrong in such a one; of a
    choice it says that nothing fits."""
    if isinstance(value, list):
        return [_joined(item, tables) for item in value]
    if not isinstance(value, dict):
        return value
    joined = {key: _joined(item, tables) for key, item in value.items()}
    for kind in ("anyOf", "oneOf"):
        choices = [_looked_up(one, tables) for one in value.get(kind, ())]
        types = [one.get("type") for one in choices]
        if choices and None not in types and len(set(types)) == len(types):
            del joined[kind]
            of_all: dict[str, Any] = {"type": types}
            for one in choices:
                of_all = {**_joined(one, tables), **of_all}
            joined = {**of_all, **joined}
    return joined


def _looked_up(choice: dict[str, Any], tables: Mapping[str, Any]) -> dict[str, Any]:
    reference = choice.get("$ref")
    found: dict[str, Any] = choice if reference is None else tables[reference.rpartition("/")[2]]
    return found


def _plain(value: Any, *, names: bool = False) -> Any:
    """A schema without nulls, and without titles that say no more than the name; ``names``: the
    keys are those of the file."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if names:
        return {key: _plain(item) for key, item in value.items()}
    kept = {
        key: _plain(item, names=key in ("properties", "$defs"))
        for key, item in value.items()
        if key != "title" and not (key == "default" and item in (None, [], {}))
    }
    choices = [one for one in kept.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        return {**choices[0], **kept}
    if choices:
        kept["anyOf"] = choices
    return kept
