"""Access logs read: what the clients got of each group of a diagnosis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice

from msgspec.structs import replace

from lint502.diagnosis import fields, sources
from lint502.diagnosis.access.answers import Answers
from lint502.diagnosis.access.log_formats import LogFormat, formats_of, likeliest
from lint502.diagnosis.access.requests import Request, minute_of, request_of
from lint502.diagnosis.diagnosis import Diagnosis, in_order
from lint502.diagnosis.wrappings import Unwrapping, wraps
from lint502.run import Result

_SAMPLE = 200
"""Lines by which the format of an access log is told."""

_LONGEST_EXAMPLE = 1000


def with_access_logs(
    diagnosis: Diagnosis,
    logs: Iterable[str],
    result: Result | None,
    since: datetime | None = None,
) -> Diagnosis:
    """The diagnosis with what the clients got; with ``since`` by requests from then on."""
    formats = formats_of(() if result is None else result.sites)
    answers = Answers(diagnosis.groups)
    first = None if since is None else minute_of(since)
    unread, example = 0, ""
    problems: list[str] = []
    for request, line in chain.from_iterable(_readable(log, formats, problems) for log in logs):
        if request is None:
            unread += 1
            example = example or line[:_LONGEST_EXAMPLE]
        elif first is None or request.minute is None or request.minute >= first:
            answers.take(request)
    return replace(
        diagnosis,
        groups=in_order(answers.groups()),
        access=answers.access(unread, example),
        problems=(*diagnosis.problems, *problems),
    )


def _readable(
    log: str, formats: Sequence[LogFormat], problems: list[str]
) -> Iterator[tuple[Request | None, str]]:
    """The requests of a log as far as it can be read; else why not, among the problems."""
    try:
        yield from _requests(log, formats)
    except sources.UnreadableLogError as error:
        problems.append(str(error))


def _requests(log: str, formats: Sequence[LogFormat]) -> Iterator[tuple[Request | None, str]]:
    """The lines of a log with what they say; None for what is of none of the formats. Lines of an
    error log between them, as containers write both into one, are left out."""
    lines: Iterator[bytes] = (
        line for block in sources.blocks(log) for line in block.splitlines() if line
    )
    sample = list(islice(lines, _SAMPLE))
    best = likeliest(formats, list(map(fields.text, sample)))
    lines = chain(sample, lines)
    if best is None and any(map(wraps, sample)):
        lines = Unwrapping().lines(lines)
        sample = list(islice(lines, _SAMPLE))
        best = likeliest(formats, list(map(fields.text, sample)))
        lines = chain(sample, lines)
    order = [] if best is None else [best, *(one for one in formats if one != best)]
    for line in lines:
        text = fields.text(line)
        found = (request_of(text, format) for format in order)
        request = next((one for one in found if one is not None), None)
        if request is not None or (line.strip() and fields.HEAD.match(line) is None):
            yield request, text
