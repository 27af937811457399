"""JSON Schemas of ``upstreams.toml`` and ``lint502.toml``, from the models that check them."""

from __future__ import annotations

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
    return {"$schema": _DIALECT, **plain, "title": file, "description": description}


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
