"""Facts of listeners as sources state them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lint502.declared.listeners import Fact

Facts = Mapping[str, Fact[Any]]
"""Facts of one listener by the dotted keys of ``upstreams.toml``."""
