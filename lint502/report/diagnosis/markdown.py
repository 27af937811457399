"""``--format markdown``: short, for the channel of an incident."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lint502.diagnosis.diagnosis import Diagnosis, Group
from lint502.published import rule_address
from lint502.reading import shown
from lint502.report import Style
from lint502.report.diagnosis import words
from lint502.report.diagnosis.histogram import Axis, axis_of, sparkline
from lint502.report.markdown import escaped

_MOST = 5
_MOST_CANDIDATES = 2
_COLUMNS = 30


def render(diagnosis: Diagnosis, style: Style) -> str:
    """What fails, since when and why, the worst first; a few lines each."""
    parts = [f"**lint502 diagnose**: {escaped(words.headline(diagnosis))}"]
    axis = axis_of(diagnosis.failures, _COLUMNS)
    groups = diagnosis.groups if style.unlimited else diagnosis.failures[:_MOST]
    for number, group in enumerate(groups, 1):
        first, *more = _group(group, axis)
        parts.append("\n".join((f"{number}. {first}", *(f"    - {line}" for line in more))))
    end = list(_end(diagnosis, len(groups)))
    if end:
        parts.append("\n".join(f"- {line}" for line in end))
    return "\n\n".join(parts) + "\n"


def _end(diagnosis: Diagnosis, count: int) -> Iterator[str]:
    if layer := words.layer(diagnosis):
        yield escaped(layer)
    left = diagnosis.failures[count:]
    if left:
        yield f"and {words.number(len(left), 'more group')}: lint502 diagnose --all"
    if diagnosis.access is not None:
        yield f"access log: {escaped(words.requests(diagnosis.access))}"
        for one, number in words.sorted_without(diagnosis.access)[:_MOST]:
            yield f"no line in the error log: {escaped(words.without_line(one, number))}"
    yield from map(escaped, words.totals(diagnosis))
    for problem in diagnosis.problems[:_MOST]:
        yield f"could not be read: {escaped(problem)}"


def code(text: str) -> str:
    """A text between backticks, more than it has itself: chats show no elements of HTML."""
    text = shown(text)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if "`" in text[:1] + text[-1:] else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _group(group: Group, axis: Axis | None) -> Iterator[str]:
    status = f" ({words.status(group)})" if words.status(group) else ""
    upstream = f" {code(group.upstream)}" if group.upstream else ""
    times = "once" if group.tally.count == 1 else f"{group.tally.count:,} times"
    yield f"**{times}** {code(group.cause.name)}{status}{upstream}: {escaped(group.cause.title)}"
    if axis is not None and axis.columns > 1:
        yield f"{code(sparkline(axis.counts(group.tally.minutes)))} {words.when(group)}"
    elif when := words.when(group):
        yield when
    if group.answers:
        yield f"clients got {escaped(words.answers(group))}"
    if group.hop is not None:
        yield f"hop {code(f'{group.hop.file}:{group.hop.line}')} {code(group.hop.label)}"
    root = group.root
    if root is not None and root.rule is not None:
        address = rule_address(root.rule)
        rule = code(root.rule) if address is None else f"[{code(root.rule)}]({address})"
        yield f"{rule}: {escaped(root.message)}"
        if root.fix:
            yield f"fix: {'; '.join(map(code, root.fix.splitlines()))}"
        return
    if root is not None and root.message:
        yield escaped(root.message)
    for one in group.cause.candidates[:_MOST_CANDIDATES]:
        word = "it is" if one.settled else "perhaps"
        run = f": {code(one.run[0])}" if one.run else ""
        yield f"{word}: {escaped(one.text.rstrip('.'))}{run}"
