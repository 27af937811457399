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
from lint502.diagnosis.counts import Counts, Reading, Row, Unread, seconds
from lint502.diagnosis.statements import Classify, Key, Statement
from lint502.diagnosis.wrappings import LONGEST_LINE, Unwrapping, wraps

_MOST_REMEMBERED = 8 << 20
"""Bytes of records that are remembered."""

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
_REFERRER = b", referrer: "
_VERSIONS = (b" HTTP/1.1", b" HTTP/2.0", b" HTTP/1.0", b" HTTP/3.0")


_UNKNOWN: list[Row] = []


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
        self._memory: dict[tuple[bytes, ...], list[Row] | None] = {}
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
        for number, line in enumerate(lines):
            stamp = stamps.get(line[:21])
            if not stamp:
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
            parts = line.split(b" ", 5)
            if len(parts) < 6 or parts[4][:1] != b"*":
                before = self._slow(line)
                continue
            about = parts[5]
            if b"upstream" not in about and about.startswith(_ELSEWHERE):
                others += 1
                before = line
                continue
            key: tuple[bytes, ...]
            quoted = about.split(b'"', 7)
            if (
                len(quoted) > 6
                and quoted[2] == _UPSTREAM
                and quoted[4] == _HOST
                and (not quoted[6] or (quoted[6] == _REFERRER and b" HTTP/" not in quoted[7]))
                and len(line) < 2047
            ):
                message, _, rest = quoted[0].partition(b", client: ")
                client, _, server = rest.partition(b", ")
                request, upstream = quoted[1], quoted[3]
                if paths_alone and b"?" in request and _is_plain(request, upstream):
                    key = (
                        parts[2],
                        message,
                        server,
                        request.partition(b"?")[0],
                        upstream.partition(b"?")[0],
                        quoted[5],
                    )
                else:
                    key = (parts[2], message, server, request, upstream, quoted[5])
            else:
                message, found, rest = about.partition(b", client: ")
                if not found:
                    before = self._slow(line)
                    continue
                client, _, tail = rest.partition(b", ")
                key = (parts[2], message, tail)
                request = b""
            before = line
            rows = memory.get(key, _UNKNOWN)
            if rows is _UNKNOWN:
                rows = self._learn(line, key, client, stamp, quoted)
            if rows is None:
                others += 1
            elif rows is not _UNKNOWN:
                rows.append((stamp, client, request or _request(quoted)))
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

    def _learn(
        self, line: bytes, key: tuple[bytes, ...], client: bytes, stamp: int, quoted: list[bytes]
    ) -> list[Row] | None:
        """Where records of a key are counted; ``_UNKNOWN`` where this one is counted here, for it
        is not as others of its key are."""
        statement = _plain(key, quoted) if len(key) == 6 else None
        if statement is None:
            record = fields.read(line)
            if record is None:
                self._unread(line)
                return _UNKNOWN
            if len(key) == 6 or record.client.encode("utf-8", "surrogateescape") != client:
                self._add(record, line, stamp)
                return _UNKNOWN
            statement = record.statement
        rows = self._place(statement, line)
        self._size += sum(map(len, key)) + 500
        if self._size > _MOST_REMEMBERED:
            self._memory.clear()
            self._size = 0
        self._memory[key] = rows
        return rows

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
        client, request = (
            (one or "").encode("utf-8", "surrogateescape")
            for one in (record.client, record.statement.request)
        )
        rows.append((stamp, client, request))
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


def _is_plain(request: bytes, upstream: bytes) -> bool:
    """Whether nothing behind the path can be anything but a query."""
    return (
        request.endswith(_VERSIONS)
        and request.count(b" ") == 2
        and b" " not in upstream
        and b"%22" not in request
    )


def _request(quoted: list[bytes]) -> bytes:
    """The request of a record that is read in full."""
    return quoted[1] if len(quoted) > 1 and quoted[0].endswith(b", request: ") else b""


def _kind(line: bytes) -> str:
    """What a line that is no record is like: its beginning, without numbers."""
    if b"\0" in line[:LONGEST_LINE]:
        return "binary"
    if len(line) >= LONGEST_LINE:
        return "long"
    return _NUMBER.sub("0", fields.text(line[:24]).split(":")[0])[:12]


def _plain(key: tuple[bytes, ...], quoted: list[bytes]) -> Statement | None:
    """What a record says whose request, upstream and host have no blanks; None where something
    else in it may be more than one thing."""
    level, message, server, *_, host = key
    request, upstream = quoted[1], quoted[3]
    if server[:8] != b"server: " or server[-11:] != b", request: " or level not in _LEVELS:
        return None
    name = server[8:-11]
    if b"," in name or b" " in name or b" " in host or b"lua" in message:
        return None
    if not _is_plain(request, upstream):
        return None
    text = b"\n".join((message, name, request, upstream, host)).decode("utf-8", "surrogateescape")
    said, name_, request_, upstream_, host_ = text.split("\n")
    return Statement(_LEVELS[level], said, name_, request_, None, upstream_, host_)
