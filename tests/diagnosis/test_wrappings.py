"""What is around the lines of a log, taken off."""

from __future__ import annotations

import json

import pytest

from lint502.diagnosis.counts import Reading
from lint502.diagnosis.fields import text
from lint502.diagnosis.reader import Reader
from lint502.diagnosis.statements import Statement
from lint502.diagnosis.wrappings import messages
from tests.diagnosis.nginx_writes import http
from tests.diagnosis.test_fields import REFUSED

ONE = http(REFUSED, request=b"GET /a HTTP/1.1", upstream=b"http://10.0.0.7:3000/a", host=b"h")
ACCESS = b'192.0.2.7 - - [20/Jul/2026:08:00:00 +0000] "GET / HTTP/1.1" 502 157 "-" "curl"'
PHP = http(
    b'FastCGI sent in stderr: "PHP message: one\nPHP message: two" while reading upstream',
    request=b"GET /p HTTP/1.1",
    upstream=b"fastcgi://unix:/p.sock:",
    host=b"h",
)
LINES = [*PHP.split(b"\n"), ONE, ACCESS, ONE]
TIME = b"2026-07-20T08:00:00.123456789Z"


def read(lines: list[bytes]) -> Reading[Statement]:
    reader: Reader[Statement] = Reader(lambda statement: statement)
    for line in lines:
        reader.block(line + b"\n")
    reader.end()
    return reader.result()


WANTED = read(LINES)

PREFIXES = {
    "nothing": b"",
    "CRI": TIME + b" stderr F ",
    "kubectl --timestamps": TIME + b" ",
    "kubectl --prefix": b"[pod/web-5d7/nginx] ",
    "kubectl, both": b"[pod/web-5d7/nginx] " + TIME + b" ",
    "compose": b"web-1  | ",
    "compose, in colour": b"\x1b[36mweb-1  | \x1b[0m",
    "compose --timestamps": b"web-1  | " + TIME + b" ",
    "klog": b"I0720 08:00:00.123456       7 nginx.go:12] ",
    "rsyslog": b"Jul 20 08:00:00 web nginx: ",
    "journalctl": b"Jul  2 08:00:00 web nginx[123]: ",
    "journalctl -o short-iso": b"2026-07-20T08:00:00+0200 web nginx[123]: ",
    "nginx's own syslog": b"<187>Jul 20 08:00:00 web nginx: ",
    "RFC 5424": b"<187>1 2026-07-20T08:00:00.123Z web nginx 123 - - ",
    "RFC 5424 with data": b'<187>1 2026-07-20T08:00:00Z web nginx 123 ID [a@1 b="c"] ',
}


@pytest.mark.parametrize("name", PREFIXES)
def test_a_prefix(name: str) -> None:
    assert read([PREFIXES[name] + line for line in LINES]) == WANTED


@pytest.mark.parametrize("stream", ["stderr", "stdout"])
def test_docker(stream: str) -> None:
    lines = [
        json.dumps({"log": text(line) + "\n", "stream": stream, "time": "2026-07-20T08:00:00Z"})
        for line in LINES
    ]
    assert read([line.encode() for line in lines]) == WANTED


def test_parts_of_a_line_are_put_together() -> None:
    halves = [(ONE[:90], ONE[90:] + b"\n")]
    for first, second in halves:
        docker = [
            json.dumps({"log": text(part), "stream": "stderr", "time": "t"}).encode()
            for part in (first, second)
        ]
        other = b'{"log":"hello\\n","stream":"stdout","time":"t"}'
        assert read([docker[0], other, docker[1]]).tallies == read([ONE]).tallies
    cri = [TIME + b" stderr P " + ONE[:90], TIME + b" stderr F " + ONE[90:]]
    assert read(cri) == read([ONE])


@pytest.mark.parametrize("value", ["text", "bytes"])
def test_journald_as_json(value: str) -> None:
    lines = [
        json.dumps({"__CURSOR": "s=1", "MESSAGE": text(line) if value == "text" else list(line)})
        for line in LINES
    ]
    assert read([line.encode() for line in lines]) == WANTED


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_journald_export(size: int) -> None:
    data = b""
    for line in [PHP, ONE, ACCESS, ONE]:
        data += b"__CURSOR=s=1\n_PID=7\n"
        if b"\n" in line:
            data += b"OTHER\n" + (10).to_bytes(8, "little") + b"MESSAGE=\nx\n"
            data += b"MESSAGE\n" + len(line).to_bytes(8, "little") + line + b"\n"
        else:
            data += b"MESSAGE=" + line + b"\n"
        data += b"\n"
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    assert b"".join(messages(pieces)) == b"\n".join([PHP, ONE, ACCESS, ONE]) + b"\n"


def test_a_newline_that_rsyslog_has_escaped() -> None:
    line = b"Jul 20 08:00:00 web nginx: " + PHP.replace(b"\n", b"#012")
    assert read([line]) == read(PHP.split(b"\n"))


def test_lines_that_only_look_wrapped() -> None:
    lines = [b'{"log": 7}', b"{", b'{"MESSAGE": [300]}', b"[]", b"web | hello", ONE]
    found = read(lines)
    assert found.tallies == read([ONE]).tallies
    assert sum(one.count for one in found.unread.values()) == 5
