"""The block in which a setting would have to stand that is set nowhere around a hop."""

from __future__ import annotations

from lint502.nginx.hops import Hop
from lint502.nginx.scope import Setting
from lint502.places import Place


def unset(hop: Hop, setting: Setting | None) -> Place | None:
    """Where one line would set a setting for a hop and all others that have its default; None where
    the setting is written, or that block is not seen: "proxy_read_timeout is not set: 60s by
    default"."""
    if setting is None or setting.origin != "default":
        return None
    value = "; ".join(" ".join(line) for line in setting.lines)
    is_worth = f": {value} by default" if value else ""
    return unset_place(hop, f"{setting.name} is not set{is_worth}")


def unset_place(hop: Hop, note: str) -> Place | None:
    """The same for what is no single setting."""
    block = hop.context.enclosing("http", "stream")
    if block is None or block.opener is None or block.partial:
        return None
    return block.opener.place(note)
