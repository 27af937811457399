"""``--export lnav`` and ``lnav-sql``: a format for lnav 0.11 and newer, and views over it."""

from __future__ import annotations

import json
import re

from lint502.diagnosis.export import naming, parts
from lint502.diagnosis.export.dialect import query
from lint502.diagnosis.fields import LONGEST, SHORTEST_CUT

FORMAT = "lint502_nginx"

_HEAD = """\
-- What nginx's error logs say of upstreams: causes as `lint502 diagnose` names them.
--
--   lnav -i lint502_nginx.json lint502_nginx.sql
--   lnav -n -c ';SELECT * FROM causes' /var/log/nginx/error.log
--
-- causes counts by cause and upstream, cause_lines has each record.
"""

_COUNTS = """\
CREATE VIEW IF NOT EXISTS causes AS
SELECT cause, upstream, count(*) AS count, min(time) AS first, max(time) AS last
FROM cause_lines
GROUP BY cause, upstream
ORDER BY count DESC, cause, upstream;
"""

_TIME = r"(?<timestamp>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)"
_LEVEL = r"\[(?<level>emerg|alert|crit|error|warn|notice|info|debug)\]"
_REQUEST = r', request: "(?<request>.*? HTTP/\d+\.\d+ *)"(?=, \w+: "|$)'
_PATTERN = (
    rf"^{_TIME} {_LEVEL} (?<process>\d+)#(?<thread>\d+): (?:\*(?<connection>\d+) )?"
    r"(?<body>.*?"
    r'(?:, (?:udp )?client: "?(?<client>[^\s,"]*)"?, server: "?(?<server>[^\s,"]*)"?'
    rf"(?:(?:{_REQUEST})"
    r'(?!.* HTTP/[23]\.0"(?:, \w+: "|$))'
    r'(?:, subrequest: "(?<subrequest>[^"]*)")?'
    r'(?:, upstream: "(?<upstream>[^ ]*?)(?="(?:, host: "|, referrer: "|$))")?'
    r'(?:, host: "(?<host>[^ "]*)")?'
    r'(?:, referrer: "(?<referrer>.*)")?'
    r'|, upstream: "(?<session>[^"\s]*)", bytes from/to client:.*)?)?)$'
)
"""A request is read to the end of its protocol, so that no field in its path is taken for one."""

_SAMPLE = (
    "2026/07/20 08:00:00 [error] 22#23: *7 connect() failed (111: Connection refused) while "
    'connecting to upstream, client: 192.0.2.7, server: shop.example.com, request: "GET /a '
    'HTTP/1.1", upstream: "http://127.0.0.1:3000/a", host: "shop.example.com"'
)
_TEXTS = ("process", "thread", "connection", "client", "server", "request", "subrequest")
_PLACES = ("upstream", "session", "host", "referrer")


class Lnav:
    """The SQL of SQLite with lnav's functions; its expressions are PCRE's."""

    barrier = " LIMIT -1"
    """Without it, what a step works out is worked out anew wherever it is used."""

    def text(self, value: str) -> str:
        """A literal."""
        return "'" + value.replace("'", "''") + "'"

    def matches(self, text: str, pattern: str) -> str:
        """Whether it finds something. lnav 0.12 looks at no empty text."""
        empty = re.search(pattern.replace("\\z", "\\Z"), "") is not None
        found = f"{text} REGEXP {self.text(pattern)}"
        return f"CASE WHEN {text} = '' THEN {int(empty)} ELSE {found} END"

    def extracted(self, text: str, pattern: str) -> str:
        """What its group has; "" where it finds nothing. A number would be made of digits."""
        found = f"coalesce(regexp_match({self.text(pattern)}, {text}) || '', '')"
        return f"CASE WHEN {text} = '' THEN '' ELSE {found} END"

    def replaced(self, text: str, pattern: str, by: str) -> str:
        """All that it finds, replaced. What lnav 0.11 gives may go on after its end: a mark is
        there."""
        end = "(char(1) || 'end' || char(1))"
        found = f"regexp_replace({text} || {end}, {self.text(pattern)}, {self.text(by)})"
        return f"substr({found}, 1, instr({found}, {end}) - 1)"

    def contains(self, text: str, part: str) -> str:
        """Whether a literal is in a text."""
        return f"instr({text}, {self.text(part)}) > 0"

    def shared(self, text: str, pattern: str, other: str) -> str:
        """Whether the decoded text and another one have what it finds."""
        digits = "'0123456789ABCDEF'"
        first, second = (
            f"instr({digits}, upper(substr(rest, instr(rest, '%') + {n}, 1)))" for n in (1, 2)
        )
        code = "substr(rest, instr(rest, '%') + 1, 2) REGEXP '\\A[0-9A-Fa-f]{2}\\z'"
        return f"""EXISTS (
    WITH RECURSIVE decoded(done, rest) AS (
      SELECT '', {text} || ' '
      UNION ALL
      SELECT done || substr(rest, 1, instr(rest, '%') - 1) || CASE
          WHEN {code} THEN char(({first} - 1) * 16 + {second} - 1) ELSE '%' END,
        substr(rest, instr(rest, '%') + CASE WHEN {code} THEN 3 ELSE 1 END)
      FROM decoded WHERE instr(rest, '%') > 0
    )
    SELECT 1 FROM decoded, regexp_capture(done || rest, {self.text(pattern)})
    WHERE instr(rest, '%') = 0 AND capture_index = 0 AND instr({other}, content) > 0
  )"""


def format_file() -> str:
    """The format, in JSON."""
    values = {name: {"kind": "string", "identifier": True} for name in (*_TEXTS, *_PLACES)}
    return json.dumps(
        {
            "$schema": "https://lnav.org/schemas/format-v1.schema.json",
            FORMAT: {
                "title": "nginx error log",
                "description": "nginx's error log, as lint502 diagnose reads it",
                "url": "https://nginx.org/en/docs/ngx_core_module.html#error_log",
                "regex": {"record": {"pattern": _PATTERN}},
                "timestamp-format": ["%Y/%m/%d %H:%M:%S"],
                "level-field": "level",
                "level": {
                    "fatal": "emerg|alert",
                    "critical": "crit",
                    "error": "error",
                    "warning": "warn",
                    "notice": "notice",
                    "info": "info",
                    "debug": "debug",
                },
                "body-field": "body",
                "value": values,
                "sample": [{"line": _SAMPLE}],
            },
        },
        indent=2,
    )


def views() -> str:
    """The views, in SQL."""
    dialect = Lnav()
    lines = query(
        dialect,
        _records(dialect),
        (
            *parts.steps(dialect),
            {"wording": naming.wording(dialect)},
            *naming.steps(dialect),
            naming.COUNTED,
        ),
        ("time", "level", "cause", "upstream", "message"),
    )
    return f"{_HEAD}\nCREATE VIEW IF NOT EXISTS cause_lines AS\n{lines};\n\n{_COUNTS}"


def _records(dialect: Lnav) -> str:
    """The records; a line after one that is whole is not of it, and what nginx says as it starts,
    without a time, is one of its own. Of a text that is no UTF-8 the bytes above 127 are question
    marks, for PCRE finds nothing in it."""
    whole = "replace(rtrim(log_text, char(13)), char(13) || char(10), char(10))"
    readable = dialect.matches("text", "^")
    opening = "substr(said, 1, instr(said || char(10), char(10)) - 1)"
    numbered = f"{opening} GLOB '????/??/?? ??:??:?? [[]*] *#*: [*][0-9]* *, client: *'"
    starting = "char(10) || 'nginx: ['"
    started = r"(?s)(?<=\n)nginx: \[.*?(?=\nnginx: \[|\z)"
    return f"""
SELECT time, CASE WHEN {readable} THEN text ELSE (
    SELECT group_concat(
      CASE WHEN substr(bytes, value, 1) < x'80' THEN CAST(substr(bytes, value, 1) AS TEXT)
      ELSE '?' END, '')
    FROM generate_series(1, length(bytes))
  ) END AS record,
  size = {SHORTEST_CUT} OR size >= {LONGEST} AS cut_off
FROM (
  SELECT time, size, substr(bytes, 1, {LONGEST}) AS bytes,
    CAST(substr(bytes, 1, {LONGEST}) AS TEXT) AS text
  FROM (
    SELECT time, length(CAST(text AS BLOB)) AS size, CAST(text AS BLOB) AS bytes
    FROM (
      SELECT time, CASE WHEN {numbered} THEN {opening} ELSE said END AS text
      FROM (
        SELECT log_time AS time,
          substr({whole}, 1, instr({whole} || {starting}, {starting}) - 1) AS said
        FROM {FORMAT}
      )
      UNION ALL
      SELECT NULL, content FROM {FORMAT}, regexp_capture(log_text, {dialect.text(started)})
      WHERE instr(log_text, {starting}) > 0 AND capture_index = 0
    )
  )
)""".strip()
