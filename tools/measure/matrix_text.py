"""The text of ``lint502/behaviour/protocol_table.toml``, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lint502.behaviour.protocol_table import Ending, Outcome, Protocols, Row
from lint502.nginx.version import Version
from tools.measure.matrix_cells import PASSES

_HEAD = """\
# What comes of a request in a protocol that its server does not expect, as measured.
#
# `python -m tools.measure.matrix` measures it on real servers and writes this file, all but [like]
# and the names in [logs]; with --check it prints what has changed since.
#
#     [outcomes.SERVER.LISTENS]         the server's profile, and what its listener expects: h2c is
#                                       HTTP/2 alone in plaintext, h2 HTTP/2 alone over TLS
#     PASS = "STATUS LOG"               how nginx passes the request on: http is proxy_pass http://
#                                       in HTTP/1.0 or 1.1, http/2 the same in HTTP/2
#     PASS = [..., ...]                 either of these, the likeliest first
#     PASS = {{ "0.0.0" = ..., "1.26.3" = ... }}      from this version of nginx on
#
# STATUS is nginx's $status: that of the client, but for 9, where the client gets what the upstream
# sent without a status line. LOG is a line of the error log; none, and the answer is the upstream's
# own. "504 ..., after 20s 502 closed": nginx's timeout, or what the server does after 20 s if that
# is sooner. In [logs], "…" stands for what varies, or for nothing.
#
# Requests were GET, and POST with a short body in one line, on nginx {nginx}.
"""


_MEASURED = "[measured]  # the versions of the servers; openssl is Python's, which some of them use"


def written(data: Protocols, versions: Sequence[Version]) -> str:
    """The file's text, as measured with these versions of nginx."""
    nginx = ", ".join(map(str, versions))
    names = {text: name for name, text in data.logs.items()}
    lines = [_HEAD.format(nginx=nginx), _MEASURED]
    lines += (f'{name} = "{version}"' for name, version in data.measured.items())
    lines += ("", "[like]  # servers that were not measured, and the one that each is like")
    lines += (f'{name} = "{other}"' for name, other in sorted(data.like.items()))
    lines += ("", "[logs]")
    lines += (f'{name} = "{_escaped(text)}"' for name, text in sorted(data.logs.items()))
    for server, endpoints in sorted(data.rows.items()):
        for speaks, rows in sorted(endpoints.items()):
            lines += ("", f"[outcomes.{server}.{speaks}]")
            for passed in sorted(rows, key=_place):
                key = passed if passed.isalnum() else f'"{passed}"'
                lines.append(f"{key} = {_written_row(rows[passed], names)}")
    return "\n".join(lines) + "\n"


def _place(passed: str) -> tuple[int, str]:
    first = passed.partition(" ")[0]
    order = list(PASSES)
    return (order.index(first if first in PASSES else f"{first}/1.0"), passed)


def _written_row(row: Row, names: Mapping[str, str]) -> str:
    values = []
    for _, found in row.by_version:
        texts = [f'"{_written_ending(ending, names)}"' for ending in found]
        values.append(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")
    if len(values) == 1:
        return values[0]
    versions = (f'"{since}"' for since, _ in row.by_version)
    return f"{{ {', '.join(map(' = '.join, zip(versions, values, strict=True)))} }}"


def _written_ending(ending: Ending, names: Mapping[str, str]) -> str:
    text = _written_outcome(ending.outcome, names)
    if ending.later is not None:
        text += f", after {ending.seconds}s {_written_outcome(ending.later, names)}"
    return text


def _written_outcome(outcome: Outcome, names: Mapping[str, str]) -> str:
    return f"{outcome.status} {names[outcome.log]}" if outcome.log else f"{outcome.status}"


def shown(ending: Ending) -> str:
    """An ending as the file has it, with the whole line of the log."""
    return _written_ending(ending, _ItsOwnName())


class _ItsOwnName(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return key


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
