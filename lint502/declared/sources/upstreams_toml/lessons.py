"""What people write in ``upstreams.toml`` that is called otherwise there: ``mistakes.toml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import tomli

from lint502.quoting import fold

_FILE = Path(__file__).with_name("mistakes.toml")


def value_lesson(key: str, value: Any) -> str | None:
    """What to write instead of a value of a key such as ``protocol`` or ``tls.versions``."""
    if not isinstance(value, (str, int, float)):
        return None
    text = str(value).lower().partition("://")[0]
    found: str | None = _read()["values"].get(key, {}).get(re.sub(r"[^a-z0-9.]+", "", text))
    return found


def other_name(key: str, table: str) -> str | None:
    """The dotted key that is meant by the name of another one; ``table`` is ``keys`` or
    ``front_keys``."""
    found: str | None = _read()[table].get(folded(key))
    return found


def instead_of(key: str) -> str | None:
    """What is said of a name that means no key, or one of several; a table in it is in braces."""
    found: str | None = _read()["instead"].get(folded(key))
    return found


def folded(key: str) -> str:
    """A key in the way in which keys are written here: ``idle_timeout``."""
    return fold(key).replace("-", "_")


@cache
def _read() -> Mapping[str, Any]:
    with _FILE.open("rb") as file:
        return tomli.load(file)
