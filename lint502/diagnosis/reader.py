"""Lines of a log read: what their records say, counted by what it belongs to, in one pass.

A log is read in blocks of lines. Of each distinct record, but for its time, its numbers and its
client, it is asked once what it belongs to, as long as that is remembered; of most lines only that
memory is looked up. Everything that grows is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Generic

from lint502.diagnosis import elsewhere, fields, plain
from lint502.diagnosis.counts import LONGEST_NAME, Counts, Reading, Row, Unread, seconds
from lint502.diagnosis.statements import EVERYTHING, Classify, Key, Matters, Statement
from lint502.diagnosis.wrappings import LONGEST_LINE, Unwrapping, wraps
from lint502.patterns import regex

_MOST_REMEMBERED = 24 << 20
"""Bytes of records that are remembered."""

_MOST_ALIKE = 1 << 14
_MOST_STAMPS = 4096
_MOST_ROWS = 1 << 15
_MOST_KINDS = 20

_STAMP = regex(rb"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[")
ACCESS = regex(
    rb"\S+ \S+ [^\[\]\n]{1,100} ?\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "
    rb'|(?:\S+ )?\{.*"(?:status|request|request_uri|remote_addr)" ?: ?[^ {]'
    rb'|\S+ \S+ (?:\S+ )?"[A-Z]+ \S+ HTTP/'
)
_TESTED = (b"nginx: configuration file ", b"nginx: the configuration file ")
"""What ``nginx -t`` says at its end."""

_NUMBER = regex(r"\d+")

_PERCENT, _BLANK, _ASKS = b"% ?"

_NOTHING = b"\n"
"""What no line begins with."""


class Reader(Generic[Key]):
    """Reads blocks of whole lines, one after the other, of one log at a time.

    Records that differ in nothing that ``matters`` are one to ask about.
    """

    def __init__(
        self,
        classify: Classify[Key | None],
        since: datetime | None = None,
        matters: Matters = EVERYTHING,
    ) -> None:
        self.reading: Reading[Key] = Reading()
        self._classify = classify
        self._matters = matters
        self._alike = _table(matters.alike)
        self._since = None if since is None else since.strftime("%Y/%m/%d %H:%M:%S").encode()
        self._stamps: dict[bytes, int] = {}
        self._memory: dict[tuple[bytes | None, ...], list[Row]] = {}
        self._alike_memory: dict[tuple[bytes | None, ...], list[Row]] = {}
        self._odd_memory: dict[tuple[bytes, ...], tuple[list[Row], bytes]] = {}
        self._size = 0
        self._rows: dict[tuple[Key, bytes], list[Row]] = {}
        self._nowhere: list[Row] = []
        self._counts: dict[Key, Counts] = {}
        self._waiting = 0
        self._pending: list[bytes] = []
        self._before: bytes = b""
        self._unwrapping: Unwrapping | None = None
        self._few = True

    def block(self, data: bytes) -> None:
        """Read lines; each has its end, the last one of a log perhaps not."""
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        whole = self._since is None and self._unwrapping is None
        apart = elsewhere.apart(data) if whole and self._few else None
        if apart is not None:
            others, lines = apart
            self._few = len(lines) < others
            self._read(lines)
            last = data[data.rfind(b"\n", 0, -1) + 1 :].rstrip(b"\n")
            if lines[-1:] != [last]:  # else it may be one that goes on in the next block
                self._before = last
        else:
            lines = data.split(b"\n")
            if not lines[-1]:
                lines.pop()
            if self._unwrapping is not None:
                lines = list(self._unwrapping.lines(lines))
            others = self._read(lines)
            self._few = len(lines) < 2 * others
        self.reading.other += others
        if self._waiting > _MOST_ROWS:
            self._count()

    def end(self) -> None:
        """A log ends here."""
        if self._unwrapping is not None:
            self.reading.other += self._read(list(self._unwrapping.rest()))
            self._unwrapping = None
        self._flush()
        self._count()
        self._before = b""

    def result(self) -> Reading[Key]:
        """What was read."""
        self._count()
        self.reading.tallies = {key: counts.tally() for key, counts in self._counts.items()}
        return self.reading

    def _read(self, lines: list[bytes]) -> int:
        """Read lines; gives how many of their records bear on no upstream."""
        stamps, memory = self._stamps, self._memory
        of_queries, alike = self._matters.queries, self._alike
        paths, alike_memory = self._matters.paths, self._alike_memory
        others = 0
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
                    if self._unwrapping is None and wraps(line) and not ACCESS.match(line):
                        self._unwrapping = Unwrapping()
                        self._before = before
                        others += self._read(list(self._unwrapping.lines(lines[number:])))
                        before = self._before
                        break
                    before = self._odd(line, before)
                    continue
                if not stamp:
                    before = line
                    continue
            parts = line.split(b'"', 7)
            if (
                len(parts) < 7
                or len(line) > fields.LONGEST
                or parts[2] != plain.UPSTREAM
                or parts[4] != plain.HOST
                or (
                    parts[6]
                    if len(parts) == 7
                    else parts[6] != plain.REFERRER or parts[7].find(plain.VERSION) != -1
                )
            ):
                if elsewhere.is_one(line):
                    others += 1
                    before = line
                else:
                    before = self._thorough(line, stamp)
                continue
            try:
                _, _, level, _, connection, said = parts[0].split(b" ", 5)
                method, uri, version = parts[1].split(b" ")
            except ValueError:
                before = self._thorough(line, stamp)
                continue
            message, _, rest = said.partition(b", client: ")
            client, _, server = rest.partition(b", ")
            path, sent = uri, parts[3]
            if _ASKS in uri:
                path = uri.partition(b"?")[0]
                if not of_queries:
                    if uri.find(plain.QUOTE) != -1 or _BLANK in sent:
                        before = self._thorough(line, stamp)
                        continue
                    uri = path
                    sent = sent.partition(b"?")[0]
            key: tuple[bytes | None, ...] | None = None
            if alike and _PERCENT not in uri:
                if sent.endswith(uri):
                    address: bytes | None = sent[: -len(uri)]
                else:
                    address = plain.address(sent, uri, alike)
                if address is not None:
                    like = uri.translate(alike)
                    key = (level, message, server, method, like, version, address, parts[5])
            if key is None:
                key = (level, message, server, method, uri, version, sent, parts[5], None)
            rows = memory.get(key)
            alike_key: tuple[bytes | None, ...] | None = None
            if rows is None and paths is not None and _PERCENT not in uri:
                found = paths.key(server, uri, sent)
                if found is not None:
                    alike_key = (level, message, server, method, version, *found, parts[5])
                    rows = alike_memory.get(alike_key)
                    if rows is not None:
                        memory[key] = rows
                        self._remember(400 + len(line))
            if rows is None:
                statement = plain.statement(level, message, server, parts[1], parts[3], parts[5])
                if statement is None or not connection.startswith(b"*"):
                    before = self._thorough(line, stamp)
                    continue
                rows = memory[key] = self._place(statement, method, line)
                self._remember(500 + len(line))
                if paths is not None and alike_key is not None and paths.hold:
                    if len(alike_memory) >= _MOST_ALIKE:
                        alike_memory.clear()
                    alike_memory[alike_key] = rows
            before = line
            rows.append((stamp, client, path))
        self._waiting += len(lines)
        self._before = before
        return others

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

    def _thorough(self, line: bytes, stamp: int) -> bytes:
        """Read a record that is not plain; gives what the next line is after."""
        parts = line.split(b" ", 5)
        if len(parts) < 6 or parts[4][:1] != b"*":
            return self._slow(line)
        message, found, rest = parts[5].partition(b", client: ")
        if not found:
            return self._slow(line)
        written, _, tail = rest.partition(b", ")
        key = (parts[2], message, tail)
        known = self._odd_memory.get(key)
        client = written
        if known is None:
            record = fields.read(line)
            if record is None:
                self._unread(line)
                return line
            method, path = _asked(record.statement)
            known = self._place(record.statement, method, line), path
            client = _encoded(record.client)
            if len(line) < fields.SHORTEST_CUT and client == written.strip(b'"'):
                self._odd_memory[key] = known
                self._remember(500 + len(line))
        rows, path = known
        rows.append((stamp, client, path))
        return line

    def _remember(self, size: int) -> None:
        """Something of a size is remembered; where it is too much, all is forgotten."""
        self._size += size
        if self._size > _MOST_REMEMBERED:
            self._memory.clear()
            self._odd_memory.clear()
            self._size = 0

    def _place(self, statement: Statement, method: bytes, line: bytes) -> list[Row]:
        """Where records of a method that say this are counted."""
        key = self._classify(statement)
        if key is None:
            return self._nowhere
        rows = self._rows.get((key, method))
        if rows is None:
            rows = self._rows[key, method] = []
            if key not in self._counts:
                self._counts[key] = Counts(fields.text(line[: fields.LONGEST]))
        return rows

    def _slow(self, line: bytes) -> bytes:
        """A record that may go on over the next lines, or that has no connection."""
        self._flush()
        self._pending.append(line)
        return line

    def _odd(self, line: bytes, before: bytes) -> bytes:
        """A line that does not begin a record; gives what the next line is after."""
        if ACCESS.match(line):
            self.reading.access += 1
            return before
        if line.startswith(_TESTED):
            self._flush()
            self.reading.other += 1
            return b""
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
        method, path = _asked(record.statement)
        rows = self._place(record.statement, method, line)
        rows.append((stamp, _encoded(record.client), path))
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
        for (key, method), rows in self._rows.items():
            if rows:
                self._counts[key].add(rows, method)
                rows.clear()
        self.reading.other += len(self._nowhere)
        self._nowhere.clear()
        self._waiting = 0


def _kind(line: bytes) -> str:
    """What a line that is no record is like: its beginning, without numbers."""
    if b"\0" in line[:LONGEST_LINE]:
        return "binary"
    if len(line) >= LONGEST_LINE:
        return "long"
    return _NUMBER.sub("0", fields.text(line[:24]).split(":")[0])[:12]


def _table(alike: Mapping[int, str]) -> bytes | None:
    """For :meth:`bytes.translate`; None where no two are alike."""
    return bytes.maketrans(bytes(alike), "".join(alike.values()).encode()) if alike else None


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _asked(statement: Statement) -> tuple[bytes, bytes]:
    """The method and the path of a statement's request; b"" where it has none."""
    words = _encoded(statement.request or "").split(b" ", 2)
    if len(words) < 2:
        return b"", b""
    return words[0][:LONGEST_NAME], words[1].partition(b"?")[0][:LONGEST_NAME]
