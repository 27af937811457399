"""What several reports of a diagnosis say in the same words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from lint502.diagnosis.diagnosis import Access, Diagnosis, Group, WithoutLine
from lint502.reading import shown
from lint502.wording import listed

_MOST = 3


def number(count: int, word: str, several: str = "") -> str:
    """``1 line``, ``12,345 lines``."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {several or word + 's'}"


def most_common(counts: Counter[str], most: int = _MOST, word: str = "more") -> str:
    """``/a 12, /b 3 and 7 more``: the most frequent ones, each with its number."""
    named = Counter({name: count for name, count in counts.items() if name})
    first = sorted(named.items(), key=lambda item: (-item[1], item[0]))
    texts = [shown(name) if len(first) == 1 else f"{shown(name)} {n:,}" for name, n in first[:most]]
    left = counts.total() - sum(n for _, n in first[:most]) if len(first) > most else counts[""]
    if left:
        return f"{', '.join(texts)} and {left:,} {word}" if texts else f"{left:,} {word}"
    return ", ".join(texts)


def asked(group: Group) -> str:
    """What was asked for, and by how many: ``GET; /api/a 40, /api/b 3; 12 clients``."""
    tally = group.tally
    parts = [most_common(tally.methods), most_common(tally.paths, word="elsewhere")]
    clients = len([client for client in tally.clients if client])
    if clients:
        more = "more than " if tally.clients[""] else ""
        parts.append(more + number(clients, "client"))
    return "; ".join(filter(None, parts))


def when(group: Group) -> str:
    """From when to when: ``2026-11-29 12:00:01 to 12:59:58``."""
    first, last = group.tally.first, group.tally.last
    if first is None or last is None:
        return ""
    if first == last:
        return _time(first)
    return f"{_time(first)} to {_time(last) if first.date() != last.date() else f'{last:%H:%M:%S}'}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def span(diagnosis: Diagnosis) -> str:
    """From when to when there are records, in words; "" where there are none."""
    firsts = [one.tally.first for one in diagnosis.groups if one.tally.first is not None]
    lasts = [one.tally.last for one in diagnosis.groups if one.tally.last is not None]
    if not firsts or not lasts:
        return ""
    return f"from {_time(min(firsts))} to {_time(max(lasts))}"


def answers(group: Group) -> str:
    """What clients got, by the access log: ``502 in 40, 200 after a retry in 3``."""
    found = sorted(group.answers.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{shown(answer)} in {count:,}" for answer, count in found)


def took(group: Group) -> str:
    """How long it took until the upstream failed: ``30.001 s each time``, ``0.002 to 4.1 s``."""
    if group.took is None:
        return ""
    shortest, longest = group.took
    if longest - shortest <= max(0.05 * longest, 0.01):
        return f"{longest:g} s" + (" each time" if group.answers.total() > 1 else "")
    return f"{shortest:g} to {longest:g} s"


def status(group: Group) -> str:
    """What nginx answers: ``502``; "" where that is not the record's doing."""
    return "" if group.cause.status is None else str(group.cause.status)


def headline(diagnosis: Diagnosis) -> str:
    """What was read, in a sentence."""
    failures = diagnosis.failures
    lines = sum(one.tally.count for one in failures)
    if not failures:
        return "no failure of an upstream" if diagnosis.was_read else "nothing was read"
    causes = {(one.cause.name, one.kind) for one in failures}
    text = f"{number(lines, 'failure')} of {number(len(causes), 'cause')}"
    return f"{text} {span(diagnosis)}".rstrip()


def layer(diagnosis: Diagnosis) -> str:
    """Which layer answered, where nothing in the error logs did; "" where that is no question."""
    if diagnosis.failures or not diagnosis.was_read:
        return ""
    access = diagnosis.access
    if access is None:
        return (
            "a 502 that clients got all the same is the upstream's own answer, or of what stands "
            "before nginx: --access-log tells which"
        )
    if any(status in access.statuses for status in ("502", "504")):
        return ""
    return (
        "the access logs have no 502 or 504 either: one that clients got is of what stands before "
        "nginx, or of another nginx"
    )


def places_of(group: Group) -> str:
    """Where the hop may be, where the records do not tell."""
    return listed(f"{shown(one.file)}:{one.line}" for one in group.hops)


def rules_of(group: Group) -> list[str]:
    """The rules that find what may be behind it, the likeliest first."""
    return list(dict.fromkeys(rule for one in group.cause.candidates for rule in one.rules))


def totals(diagnosis: Diagnosis) -> Iterator[str]:
    """What else there was, each in a sentence."""
    if diagnosis.unknown:
        yield f"{number(diagnosis.unknown, 'line')} with a message that lint502 does not know"
    if diagnosis.other:
        yield f"{number(diagnosis.other, 'record')} of other matters"
    if diagnosis.access_lines:
        yield f"{number(diagnosis.access_lines, 'line')} of an access log"
    unread = sum(one.count for one in diagnosis.unread)
    if unread:
        yield f"{number(unread, 'line')} that {_is(unread)} no record of an error log"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def without_line(one: WithoutLine, count: int) -> str:
    """A kind of failure that no line of the error log goes with."""
    upstream = f" ({shown(one.upstream)})" if one.upstream else ""
    return f"{shown(one.answer)} in {count:,}: from {shown(one.source)}{upstream}"


def sorted_without(access: Access) -> list[tuple[WithoutLine, int]]:
    """The kinds of failures without a line, the most frequent first."""
    return sorted(
        access.without_line.items(),
        key=lambda item: (-item[1], item[0].source, item[0].answer, item[0].upstream),
    )


def requests(access: Access) -> str:
    """How many requests, and what they got: ``1,000 requests: 200 in 990, 502 in 10``."""
    found = sorted(access.statuses.items(), key=lambda item: (-item[1], item[0]))
    listing = ", ".join(f"{shown(status)} in {count:,}" for status, count in found[:6])
    more = ", …" if len(found) > 6 else ""
    text = f"{number(access.requests, 'request')}: {listing}{more}" if found else "no request"
    if access.retried:
        text += f"; {access.retried:,} failed first and then not"
    return text


def unread(access: Access) -> str:
    """That lines are of none of the formats."""
    return (
        f"{number(access.unread, 'line')} of none of the formats that are known "
        "(log_format of the configuration, main, combined)"
    )
