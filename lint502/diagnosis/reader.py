"""Lines of a log read: what their records say, counted by what it belongs to, in one pass.

A log is read in blocks of lines. Of each distinct record, but for its time, its numbers and its
client, it is asked once what it belongs to, as long as that is remembered; of most lines only that
memory is looked up. Everything that grows is bounded.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Generic

from lint502.diagnosis import fields
from lint502.diagnosis.counts import LONGEST_NAME, Counts, Reading, Row, Unread, seconds
from lint502.diagnosis.statements import Classify, Key, Statement
from lint502.diagnosis.wrappings import LONGEST_LINE, Unwrapping, wraps

_MOST_REMEMBERED = 24 << 20
"""Bytes of records that are remembered."""

_SHORTEST_CUT = 2047
_MOST_STAMPS = 4096
_MOST_ROWS = 1 << 15
_MOST_KINDS = 20

_STAMP = re.compile(rb"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[")
_LEVELS = {
    b"[%b]" % name: name.decode()
    for name in (b"emerg", b"alert", b"crit", b"error", b"warn", b"notice", b"info", b"debug")
}
_ELSEWHERE = (
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

_ACCESS = re.compile(
    rb"\S+ \S+ [^\[\]\n]{1,100} ?\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "
    rb'|(?:\S+ )?\{.*"(?:status|request|request_uri|remote_addr)" ?:'
    rb'|\S+ \S+ (?:\S+ )?"[A-Z]+ \S+ HTTP/'
)
_NUMBER = re.compile(r"\d+")

_UPSTREAM = b", upstream: "
_HOST = b", host: "
_REFERRER = b', referrer: "'
_VERSIONS = (b" HTTP/1.1", b" HTTP/2.0", b" HTTP/1.0", b" HTTP/3.0")


_Key = tuple[bytes, bytes, bytes]
_Remembered = tuple["list[Row] | None", bytes, bytes]
_UNKNOWN: list[Row] = []
_COUNTED: _Remembered = (_UNKNOWN, b"", b"")
_NOTHING = b"\n"
"""What no line begins with."""


class Reader(Generic[Key]):
    """Reads blocks of whole lines, one after the other, of one log at a time.

    ``queries``: whether what a record belongs to may depend on the query of its request. Where it
    does not, records that differ in nothing else are one to ask about.
    """

    def __init__(
        self,
        classify: Classify[Key | None],
        since: datetime | None = None,
        *,
        queries: bool = True,
    ) -> None:
        self.reading: Reading[Key] = Reading()
        self._classify = classify
        self._queries = queries
        self._since = None if since is None else since.strftime("%Y/%m/%d %H:%M:%S").encode()
        self._stamps: dict[bytes, int] = {}
        self._memory: dict[_Key, _Remembered] = {}
        self._size = 0
        self._rows: dict[Key, list[Row]] = {}
        self._counts: dict[Key, Counts] = {}
        self._waiting = 0
        self._pending: list[bytes] = []
        self._before: bytes = b""
        self._unwrapping: Unwrapping | None = None

    def block(self, data: bytes) -> None:
        """Read lines; each has its end, the last one of a log perhaps not."""
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        if self._unwrapping is not None:
            lines = list(self._unwrapping.lines(lines))
        self._read(lines)
        if self._waiting > _MOST_ROWS:
            self._count()

    def end(self) -> None:
        """A log ends here."""
        if self._unwrapping is not None:
            self._read(list(self._unwrapping.rest()))
            self._unwrapping = None
        self._flush()
        self._count()
        self._before = b""

    def result(self) -> Reading[Key]:
        """What was read."""
        self._count()
        self.reading.tallies = {key: counts.tally() for key, counts in self._counts.items()}
        return self.reading

    def _read(self, lines: list[bytes]) -> None:
        stamps, memory = self._stamps, self._memory
        paths_alone = not self._queries
        others = waiting = 0
        before = self._before
        last, at = _NOTHING, 0
        for number, line in enumerate(lines):
            if line.startswith(last):
                stamp: int | None = at
            else:
                last = line[:21]
                stamp = stamps.get(last)
                if stamp:
                    at = stamp
            if not stamp:
                last = _NOTHING
                stamp = self._stamp(line)
                if stamp is None:
                    if self._unwrapping is None and wraps(line) and not _ACCESS.match(line):
                        self._unwrapping = Unwrapping()
                        self._before = before
                        self._read(list(self._unwrapping.lines(lines[number:])))
                        before = self._before
                        break
                    before = self._odd(line, before)
                    continue
                if not stamp:
                    before = line
                    continue
            if b"upstream" not in line:
                number_at = line.find(b": *", 28, 60)
                said_at = line.find(b" ", number_at + 3) + 1
                if number_at != -1 and line.startswith(_ELSEWHERE, said_at):
                    others += 1
                    before = line
                    continue
            parts = line.split(b" ", 5)
            if len(parts) < 6 or parts[4][:1] != b"*":
                before = self._slow(line)
                continue
            about = parts[5]
            message, found, rest = about.partition(b", client: ")
            if not found:
                before = self._slow(line)
                continue
            before = line
            client, _, tail = rest.partition(b", ")
            short, referrer, sent = tail.partition(b', referrer: "')
            if referrer and b" HTTP/" in sent:
                short = tail
            elif paths_alone and b"?" in short:
                short = _without_queries(short)
            known = memory.get((parts[2], message, short))
            if known is None:
                known = self._learn(line, (parts[2], message, short), tail, client, stamp)
            rows, method, path = known
            if rows is None:
                others += 1
            elif rows is not _UNKNOWN:
                rows.append((stamp, client, method, path))
                waiting += 1
        self.reading.other += others
        self._waiting += waiting
        self._before = before

    def _stamp(self, line: bytes) -> int | None:
        """The time of a record, 0 where it is too old; None where the line is none."""
        beginning = line[:21]
        if _STAMP.fullmatch(beginning) is None:
            return None
        try:
            stamp = seconds(beginning[:19])
        except ValueError:
            return None
        if len(self._stamps) >= _MOST_STAMPS:
            self._stamps.clear()
        if self._since is not None and beginning[:19] < self._since:
            stamp = 0
        self._stamps[beginning] = stamp
        return stamp

    def _learn(self, line: bytes, key: _Key, tail: bytes, client: bytes, stamp: int) -> _Remembered:
        """Where records of a key are counted; ``_UNKNOWN`` where this one is counted here, for it
        is not as others of its key are."""
        level, message, short = key
        found = _plain(level, message, tail)
        if found is None:
            record = fields.read(line)
            if record is None:
                self._unread(line)
                return _COUNTED
            if (
                short != tail
                or len(line) >= _SHORTEST_CUT
                or _encoded(record.client) != client.strip(b'"')
            ):
                self._add(record, line, stamp)
                return _COUNTED
            found = record.statement
        known = (self._place(found, line), *_asked(found))
        self._size += len(message) + len(short) + 400
        if self._size > _MOST_REMEMBERED:
            self._memory.clear()
            self._size = 0
        self._memory[key] = known
        return known

    def _place(self, statement: Statement, line: bytes) -> list[Row] | None:
        """Where records that say this are counted; None where they belong nowhere."""
        key = self._classify(statement)
        if key is None:
            return None
        rows = self._rows.get(key)
        if rows is None:
            rows = self._rows[key] = []
            self._counts[key] = Counts(fields.text(line[: fields.LONGEST]))
        return rows

    def _slow(self, line: bytes) -> bytes:
        """A record that may go on over the next lines, or that has no connection."""
        self._flush()
        self._pending.append(line)
        return line

    def _odd(self, line: bytes, before: bytes) -> bytes:
        """A line that does not begin a record; gives what the next line is after."""
        if _ACCESS.match(line):
            self.reading.access += 1
            return before
        if line.startswith(b"nginx: ["):
            self._flush()
            self._pending.append(line)
            return line
        if self._pending and before is self._pending[0]:
            if sum(map(len, self._pending)) + len(self._pending) + len(line) <= fields.LONGEST:
                self._pending.append(line)
                return before
        elif before and b", client: " not in before and len(before) < fields.LONGEST:
            return before + b"\n" + line
        if line.strip():
            self._unread(line)
        return b""

    def _flush(self) -> None:
        """Count the record that waits for further lines."""
        if not self._pending:
            return
        lines, self._pending = self._pending, []
        whole = b"\n".join(lines)
        record = fields.read(whole)
        if record is None:
            for line in lines:
                self._unread(line)
            return
        self._add(record, whole, 0 if record.time is None else seconds(record.time))

    def _add(self, record: fields.Record, line: bytes, stamp: int) -> None:
        rows = self._place(record.statement, line)
        if rows is None:
            self.reading.other += 1
            return
        rows.append((stamp, _encoded(record.client), *_asked(record.statement)))
        self._waiting += 1

    def _unread(self, line: bytes) -> None:
        kind = _kind(line)
        unread = self.reading.unread
        if kind not in unread and len(unread) >= _MOST_KINDS:
            kind = "…"
        found = unread.get(kind)
        if found is None:
            unread[kind] = Unread(1, fields.text(line[: fields.LONGEST]))
        else:
            found.count += 1

    def _count(self) -> None:
        """Count the rows that wait."""
        for key, rows in self._rows.items():
            if rows:
                self._counts[key].add(rows)
                rows.clear()
        self._waiting = 0


def _kind(line: bytes) -> str:
    """What a line that is no record is like: its beginning, without numbers."""
    if b"\0" in line[:LONGEST_LINE]:
        return "binary"
    if len(line) >= LONGEST_LINE:
        return "long"
    return _NUMBER.sub("0", fields.text(line[:24]).split(":")[0])[:12]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _asked(statement: Statement) -> tuple[bytes, bytes]:
    """The method and the path of a statement's request; b"" where it has none."""
    words = _encoded(statement.request or "").split(b" ", 2)
    if len(words) < 2:
        return b"", b""
    return words[0][:LONGEST_NAME], words[1].partition(b"?")[0][:LONGEST_NAME]


def _plain(level: bytes, message: bytes, tail: bytes) -> Statement | None:
    """What a record says that can be read in one way only, for neither its message has a quote nor
    its request, upstream and host have blanks; None for others. ``tail`` is what follows the
    client."""
    parts = tail.split(b'"', 6)
    if len(parts) < 7 or parts[2] != _UPSTREAM or parts[4] != _HOST or level not in _LEVELS:
        return None
    server, request, _, upstream, _, host, rest = parts
    name = server[8:-11]
    if (
        server[:8] != b"server: "
        or server[-11:] != b", request: "
        or b" " in host
        or b" " in name
        or b"," in name
        or b'"' in message
        or b"lua" in message
        or (rest and (rest[:13] != _REFERRER or b" HTTP/" in rest))
        or not _is_plain(request, upstream)
    ):
        return None
    text = b"\n".join((message, name, request, upstream, host)).decode("utf-8", "surrogateescape")
    said, name_, request_, upstream_, host_ = text.split("\n")
    return Statement(_LEVELS[level], said, name_, request_, None, upstream_, host_)


def _is_plain(request: bytes, upstream: bytes) -> bool:
    return (
        request.endswith(_VERSIONS)
        and request.count(b" ") == 2
        and b" " not in upstream
        and b"%22" not in request
    )


def _without_queries(tail: bytes) -> bytes:
    """The fields of a record without the queries of its request and its upstream, where it can be
    read in one way only."""
    parts = tail.split(b'"')
    if len(parts) < 5 or parts[2] != _UPSTREAM or not _is_plain(parts[1], parts[3]):
        return tail
    parts[1] = parts[1].partition(b"?")[0]
    parts[3] = parts[3].partition(b"?")[0]
    return b'"'.join(parts)
