"""What becomes of requests before nginx: no connection of a front, or too many header lines."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.ladder.entries import Entry
from lint502.ladder.model import Outcome
from lint502.nginx.values import format_time
from lint502.wording import by_profile


def unreached(entry: Entry) -> Iterator[Outcome]:
    """A front that gets no connection to nginx."""
    for front in entry.fronts:
        waits, status = front.connect_timeout, front.connect_status
        if waits is not None:
            limit = format_time(waits.value)
            tries = 1 if front.connect_tries is None else front.connect_tries.value
            times = "" if tries == 1 else f", and tries {tries} times"
            after = tries * waits.value
            yield Outcome(
                "front-connection",
                f"nginx accepts no connection of {front.name} within {format_time(after)}",
                front.name,
                None if status is None else status.value,
                f"{front.name} waits for {limit}{by_profile(waits)}{times}",
                after,
                instead="" if status is not None else "what it answers then is not declared",
            )


def many_lines(entry: Entry) -> Iterator[Outcome]:
    """A front that takes only so many header lines of a response."""
    for front in entry.fronts:
        most, status = front.response_header_lines, front.headers_status or front.closed_status
        if most is not None:
            yield Outcome(
                "many-response-headers",
                f"the response has more than {most.value} header lines",
                front.name,
                None if status is None else status.value,
                f"{front.name} takes no more{by_profile(most)}; nginx itself does not count them",
                instead="" if status is not None else "what it answers then is not declared",
            )
