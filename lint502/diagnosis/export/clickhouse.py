"""``--export clickhouse``: views with a parameter for ClickHouse, clickhouse-local and chDB."""

from __future__ import annotations

from lint502.diagnosis.export import naming, parts
from lint502.diagnosis.export.dialect import query
from lint502.diagnosis.export.expressions import portable
from lint502.diagnosis.fields import LONGEST, SHORTEST_CUT
from lint502.diagnosis.reader import ACCESS

_HEAD = """\
-- What nginx's error logs say of upstreams: causes as `lint502 diagnose` names them.
--
--   clickhouse local --query "$(cat lint502.sql) SELECT * FROM causes(log = 'error.log')"
--
-- causes(log) counts by cause and upstream, cause_lines(log) has each record. A log is a file, or a
-- pattern such as 'error.log*', where file() finds it.
--
-- For a table whose rows are records, put another view in the place of the first one, such as
--   CREATE OR REPLACE VIEW error_log_records AS SELECT message FROM logs WHERE host = {log:String};
"""

_COUNTS = """\
CREATE OR REPLACE VIEW causes AS
SELECT cause, upstream, count() AS count, min(time) AS first, max(time) AS last
FROM cause_lines(log = {log:String})
GROUP BY cause, upstream
ORDER BY count DESC, cause, upstream;
"""


class ClickHouse:
    """Its SQL; its expressions are RE2's."""

    barrier = " LIMIT 9223372036854775807"
    """Without it, conditions are worked out step in step, in very much memory."""

    def text(self, value: str) -> str:
        """A literal."""
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"

    def matches(self, text: str, pattern: str) -> str:
        """Whether it finds something."""
        return f"match({text}, {self.text(pattern)})"

    def extracted(self, text: str, pattern: str) -> str:
        """What its group has; "" where it finds nothing."""
        return f"extract({text}, {self.text(pattern)})"

    def replaced(self, text: str, pattern: str, by: str) -> str:
        """All that it finds, replaced."""
        return f"replaceRegexpAll({text}, {self.text(pattern)}, {self.text(by)})"

    def contains(self, text: str, part: str) -> str:
        """Whether a literal is in a text."""
        return f"position({text}, {self.text(part)}) > 0"

    def shared(self, text: str, pattern: str, other: str) -> str:
        """Whether the decoded text and another one have what it finds."""
        decoded = f"toValidUTF8(decodeURLComponent({text}))"
        found = f"extractAll({decoded}, {self.text(pattern)})"
        return f"arrayExists(one -> position({other}, one) > 0, {found})"


def export() -> str:
    """The views."""
    dialect = ClickHouse()
    lines = query(
        dialect,
        _source(),
        (
            *parts.steps(dialect),
            {"wording": naming.wording(dialect)},
            *naming.steps(dialect),
            naming.COUNTED,
        ),
        ("time", "level", "cause", "upstream", "message"),
    )
    return (
        f"{_HEAD}\nCREATE OR REPLACE VIEW error_log_records AS\n{_records(dialect)};\n\n"
        f"CREATE OR REPLACE VIEW cause_lines AS\n{lines};\n\n{_COUNTS}"
    )


def _source() -> str:
    """The records as far as they are read; what is no UTF-8 in them is replaced."""
    return f"""
SELECT parseDateTimeOrNull(substring(message, 1, 19), '%Y/%m/%d %H:%i:%s', 'UTC') AS time,
  toValidUTF8(substring(message, 1, {LONGEST})) AS record,
  length(message) = {SHORTEST_CUT} OR length(message) >= {LONGEST} AS cut_off
FROM (SELECT message FROM error_log_records(log = {{log:String}}))""".strip()


def _records(dialect: ClickHouse) -> str:
    clock = "parseDateTimeOrNull(substring(text, 1, 19), '%Y/%m/%d %H:%i:%s', 'UTC')"
    begins = f"{dialect.matches('text', parts.STAMP)} AND {clock} IS NOT NULL"
    access = dialect.matches("toValidUTF8(text)", portable(ACCESS.pattern))
    numbered = dialect.matches("opening", rf"\A{parts.NUMBERED}")
    return rf"""
WITH lines AS (
  SELECT _path, rowNumberInAllBlocks() AS n,
    substring(if(endsWith(line, '\r'), left(line, length(line) - 1), line), 1, {1 << 16}) AS text
  FROM file({{log:String}}, 'LineAsString') SETTINGS max_threads = 1
), begun AS (
  SELECT *, {begins} OR startsWith(text, 'nginx: [') AS begins FROM lines
), counted AS (
  SELECT *, sum(begins) OVER (PARTITION BY _path ORDER BY n) AS number
  FROM begun WHERE begins OR NOT {access}
), sized AS (
  SELECT *, sum(length(text) + 1) OVER (PARTITION BY _path, number ORDER BY n) AS size
  FROM counted WHERE number > 0
), joined AS (
  SELECT argMin(text, n) AS opening,
    arraySort(one -> one.1, groupArrayIf((n, text), size <= {LONGEST + 1} OR begins)) AS parts
  FROM sized GROUP BY _path, number
)
SELECT if(position(opening, ', client: ') > 0 AND {numbered}, opening,
  arrayStringConcat(arrayMap(one -> one.2, parts), '\n')) AS message
FROM joined
SETTINGS group_by_two_level_threshold = 0, group_by_two_level_threshold_bytes = 0""".strip()
