"""Records that bear on no upstream, told from others by how they begin.

They are most of an ordinary log, so that they are counted by the block, without a look at each.
"""

from __future__ import annotations

import re

from lint502.patterns import regex

BEGINNINGS = (
    b'open() "',
    b"access forbidden by ",
    b'directory index of "',
    b"limiting ",
    b"delaying ",
    b"client ",
    b'user "',
    b"no user/password was provided",
    b"a client request body is buffered",
    b"rewritten data: ",
    b'"',
)
"""How messages begin that bear on no upstream where nothing in the record names one."""

_HEAD = (
    rb"[0-9/]{10} [0-9:]{8} \[(?:emerg|alert|crit|error|warn|notice|info|debug)\] "
    rb"[0-9#]+: (\*)[0-9]+ (?:" + b"|".join(map(re.escape, BEGINNINGS)) + rb")"
)
_RECORD = regex(_HEAD)
_NEXT_LINE = regex(rb"\n(?:" + _HEAD + rb"|)")
"""The start of each line but the first, with a star where it is such a record."""

_UPSTREAM = b"upstream"


def is_one(line: bytes) -> bool:
    """Whether a record bears on no upstream."""
    return line.find(_UPSTREAM) == -1 and _RECORD.match(line) is not None


def apart(data: bytes) -> tuple[int, list[bytes]] | None:
    """How many records of a block of lines bear on no upstream, and the lines of the others, which
    all name one; None where a line is neither."""
    lines = []
    starts = _NEXT_LINE.findall(data)
    count = starts.count(b"*") + (_RECORD.match(data) is not None)
    find, length = data.find, len(data)
    position, at = 0, find(_UPSTREAM)
    while at != -1:
        start = data.rfind(b"\n", position, at) + 1 or position
        position = find(b"\n", at)
        if position == -1:
            position = length
        line = data[start:position]
        if _RECORD.match(line) is not None:
            count -= 1
        lines.append(line)
        at = find(_UPSTREAM, position)
    if count + len(lines) != len(starts) + (not data.endswith(b"\n")):
        return None
    return count, lines
