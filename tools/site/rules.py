"""The page of a rule on the site, with its facts and its proof; and the list of the rules."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.pages import HEADINGS, Page, page
from lint502.report.lines import status_words
from lint502.rule_names import CAUSES
from tools.proofs import Answers, Proofs

_HEADINGS = "| rule | severity | the client sees | what is wrong |\n|---|---|---|---|\n"
_NOT_RUN = "The example is not run: it claims nothing that a client would see.\n\n"
_LAST = f"\n## {HEADINGS[-1]}\n"


def rule_page(shown: Page, proofs: Proofs) -> str:
    """The page as it is, with a table of its facts below the title, and its proof before the
    references."""
    title, _, rest = shown.body.partition("\n")
    before, heading, references = rest.partition(_LAST)
    return (
        f"---\ndescription: >-\n  {shown.summary}\n---\n"
        f"{title}\n\n{shown.summary}\n\n{_table(_facts(shown))}\n{before.strip()}\n\n"
        f"## What nginx answered\n\n{_proof(shown, proofs)}{heading}{references}"
    )


def _facts(shown: Page) -> Iterator[tuple[str, str]]:
    yield "Severity", shown.severity.value
    if shown.status is not None:
        yield "The client sees", status_words(shown.status, shown.frequency)
    if shown.sometimes is not None:
        yield "Only sometimes", f"in nginx {shown.sometimes}"
    if shown.log is not None:
        yield "nginx's error log", _code(shown.log)
    yield "nginx", shown.nginx


def _table(rows: Iterator[tuple[str, str]]) -> str:
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {fact} |\n" for name, fact in rows)


def _proof(shown: Page, proofs: Proofs) -> str:
    run = shown.status is not None
    lines = ["| nginx | the example | nginx's error log | instead |", "|---|---|---|---|"]
    for version, row in zip(proofs.versions, proofs.of[shown.name], strict=True):
        example, log = "not run", ""
        if row.example is not None:
            example = _answers(row.example)
            log = _code(row.example.log) if row.example.log else ""
            if not shown.holds_in(version):
                example += f" (the rule is about {shown.nginx})"
        lines.append(f"| {version} | {example} | {log} | {_answers(row.instead)} |")
    head = (
        "The blocks above were run on four versions of nginx, before stand-ins that behave as they "
        "say.\n\n"
    )
    return ("" if run else _NOT_RUN) + head + "\n".join(lines) + "\n"


def _answers(answers: Answers) -> str:
    return " and ".join(answers.got)


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def index_page() -> str:
    """The rules by what causes the 502."""
    parts = ["# Rules\n"]
    for cause, rules in CAUSES.items():
        parts.append(f"\n## {cause}\n\n{_HEADINGS}")
        for shown in map(page, rules):
            sees = status_words(shown.status, shown.frequency)
            parts.append(
                f"| [{shown.name}]({shown.name}.md) | {shown.severity.value} | {sees} "
                f"| {shown.summary} |\n"
            )
    return "".join(parts)
