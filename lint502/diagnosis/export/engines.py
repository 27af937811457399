"""What is written for each engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lint502.diagnosis.export import clickhouse, duckdb, lnav

EXPORTS: Mapping[str, Callable[[], str]] = {
    "lnav": lnav.format_file,
    "lnav-sql": lnav.views,
    "duckdb": duckdb.export,
    "clickhouse": clickhouse.export,
}
"""The text to write, by what ``--export`` names."""
