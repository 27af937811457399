"""``--export duckdb``: macros for DuckDB 1.3 and newer."""

from __future__ import annotations

from lint502.diagnosis.export import naming, parts
from lint502.diagnosis.export.dialect import query
from lint502.diagnosis.export.expressions import portable
from lint502.diagnosis.fields import LONGEST, SHORTEST_CUT
from lint502.diagnosis.reader import ACCESS

_HEAD = """\
-- What nginx's error logs say of upstreams: causes as `lint502 diagnose` names them.
--
--   duckdb -init lint502.sql -c "FROM causes('/var/log/nginx/error.log')"
--
-- causes(log) counts by cause and upstream, cause_lines(log) has each record. A log is a file, a
-- pattern such as '/var/log/nginx/error.log*', or a list of these.
"""

_COUNTS = """\
CREATE OR REPLACE MACRO causes(log) AS TABLE
SELECT cause, upstream, count(*) AS count, min(time) AS first, max(time) AS last
FROM cause_lines(log)
GROUP BY cause, upstream
ORDER BY count DESC, cause, upstream;
"""

_BYTES = r"\\x[89A-F][0-9A-F]"


class DuckDB:
    """Its SQL; its expressions are RE2's."""

    barrier = ""

    def text(self, value: str) -> str:
        """A literal."""
        return "'" + value.replace("'", "''") + "'"

    def matches(self, text: str, pattern: str) -> str:
        """Whether it finds something."""
        return f"regexp_matches({text}, {self.text(pattern)})"

    def extracted(self, text: str, pattern: str) -> str:
        """What its group has; "" where it finds nothing."""
        return f"regexp_extract({text}, {self.text(pattern)}, 1)"

    def replaced(self, text: str, pattern: str, by: str) -> str:
        """All that it finds, replaced."""
        return f"regexp_replace({text}, {self.text(pattern)}, {self.text(by)}, 'g')"

    def contains(self, text: str, part: str) -> str:
        """Whether a literal is in a text."""
        return f"contains({text}, {self.text(part)})"

    def shared(self, text: str, pattern: str, other: str) -> str:
        """Whether the decoded text and another one have what it finds."""
        decoded = f"coalesce(try(url_decode({text})), {text})"
        found = f"regexp_extract_all({decoded}, {self.text(pattern)})"
        return f"len(list_filter({found}, lambda one: contains({other}, one))) > 0"


def export() -> str:
    """The macros."""
    dialect = DuckDB()
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
    return f"{_HEAD}\nCREATE OR REPLACE MACRO cause_lines(log) AS TABLE\n{lines};\n\n{_COUNTS}"


def _records(dialect: DuckDB) -> str:
    """Records of the file ``log``: what is no UTF-8 in it becomes question marks."""
    clock = "try_strptime(left(line, 19), '%Y/%m/%d %H:%M:%S')"
    begins = f"{dialect.matches('line', parts.STAMP)} AND {clock} IS NOT NULL"
    numbered = dialect.matches("opening", rf"\A{parts.NUMBERED}")
    ends = ", ".join(f"try(decode(encode(record)[1:{LONGEST - more}]))" for more in range(4))
    return rf"""
WITH files AS (
  SELECT filename, string_split(content::VARCHAR, '\x0A') AS lines FROM read_blob(log)
), escaped AS (
  SELECT filename, len(lines) AS total, generate_subscripts(lines, 1) AS n,
    regexp_replace(unnest(lines), '\\x0D$', '') AS line
  FROM files
), decoded AS (
  SELECT filename, n, left(CASE WHEN contains(line, '\x') THEN coalesce(
    try(decode(line::BLOB)), decode(regexp_replace(line, '{_BYTES}', '?', 'g')::BLOB)
  ) ELSE line END, {1 << 16}) AS line
  FROM escaped WHERE n < total OR line <> ''
), begun AS (
  SELECT *, ({begins} OR starts_with(line, 'nginx: [')) AS begins FROM decoded
), counted AS (
  SELECT *, sum(begins::INTEGER) OVER (PARTITION BY filename ORDER BY n) AS number
  FROM begun WHERE begins OR NOT {dialect.matches("line", portable(ACCESS.pattern))}
), sized AS (
  SELECT *, sum(strlen(line) + 1) OVER (PARTITION BY filename, number ORDER BY n) AS size
  FROM counted WHERE number > 0
), joined AS (
  SELECT arg_min(line, n) AS opening,
    string_agg(line, chr(10) ORDER BY n) FILTER (size <= {LONGEST + 1}) AS joined
  FROM sized GROUP BY filename, number
), records AS (
  SELECT CASE WHEN contains(opening, ', client: ') AND {numbered} THEN opening
    ELSE coalesce(joined, opening) END AS record
  FROM joined
)
SELECT try_strptime(left(record, 19), '%Y/%m/%d %H:%M:%S') AS time,
  CASE WHEN strlen(record) <= {LONGEST} THEN record ELSE coalesce({ends}) END AS record,
  strlen(record) = {SHORTEST_CUT} OR strlen(record) >= {LONGEST} AS cut_off
FROM records""".strip()
