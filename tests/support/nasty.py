"""Reports with text that no format may trip over."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lint502.findings import Edit, Finding, Fix, Problem, Severity
from lint502.nginx.version import Version
from lint502.places import Place
from lint502.report_model import HopReport, Report

_PIECES = (
    *("]]>", "<!--", "-->", "<b>", "&amp;", "&", "<", ">", '"', "'", "\x00", "\x1b[31m", "\x85"),
    *("\r\n", "\n", "\r", "\t", "\u2028", "\ufffe", "\uffff", "\udc80", "\udcff", "\U0001f600"),
    *("::error::", "::", "%0A", "%25", "%", ":", ",", "=", "##[error]", "](", "[a](1)", "{0}"),
    *("|", "\\|", "\\", "`", "``", "*", "**", "_", "~~", "$x$", "http://a", "@a", " ", "é", "接続"),
    *("##vso[a.b]", "##", "["),
)
texts = st.lists(
    st.sampled_from(_PIECES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    max_size=6,
).map("".join)
"""Text with bytes that are no UTF-8, control characters, and the marks of every format."""


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """A report with such text in every place, which is only not empty where it never is."""
    some = cycle(draw(st.lists(texts, min_size=1, max_size=5)))
    kinds = draw(st.lists(st.sampled_from(Severity), min_size=3, max_size=3))
    column = draw(st.integers(1, 10**6))

    def filled() -> str:
        text = next(some)
        return text if text.strip() else f"a{text}a"

    def place() -> Place:
        return Place(filled(), 1, column, draw(st.integers(1, 10**6)), next(some), next(some))

    def hop(id: str) -> HopReport:
        state = draw(st.sampled_from(["passed", "failed", "undeclared", "undecidable"]))
        texts = (next(some), next(some), next(some))
        return HopReport(id, place(), "proxy_pass", *texts, state, (), next(some))

    def finding(rule: str, severity: Severity, *hops: str) -> Finding:
        edit = Edit(filled(), 1, 1, 1, next(some))
        fix = Fix(next(some), False, (edit,))
        texts = (filled(), place(), (place(),), hops, next(some), next(some), fix, next(some))
        return Finding(rule, severity, 502, "always", *texts)

    return Report(
        version=Version(1, 26, 3),
        version_origin="config",
        version_source=filled(),
        roots=(filled(),),
        specs=(filled(),),
        hops=(hop("a"), hop("b")),
        findings=(
            finding("port-mismatch", kinds[0], "a", "b"),
            finding("keepalive-race", kinds[1], "b", "gone"),
            finding("unused-upstream", kinds[2]),
        ),
        problems=(Problem(filled(), None, filled()), Problem(filled(), 7, filled())),
        notes=(),
    )


def any_report(test: Callable[[Report], None]) -> Callable[[], None]:
    """Tries a test with many reports, however busy the machine is."""
    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    tried: Callable[[], None] = patient(given(reports())(test))
    return tried
