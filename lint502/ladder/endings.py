"""Where the ways of one request end: at a pass, or with an answer of nginx itself.

What depends on files is taken as if they were not there, but where nothing else comes of it. An
answer for which there is an ``error_page`` goes on to that page
(``ngx_http_special_response_handler()`` in ``src/http/ngx_http_special_response.c``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from lint502.behaviour.ways import Arrival, Came, End, Point, Ways

_NOT_FOUND = 404
_BY_FILES = ("try_files", "index")

_Page: TypeAlias = tuple[Point | None, int | None]
"""The point at which an ``error_page`` was followed, and the status that it was for."""


def endings(led: Ways) -> tuple[list[Arrival], list[End]]:
    """The passes that a request gets to, and the answers of nginx itself; several of either where
    it is not known which. An answer that depends on a file alone is one."""
    tree = _Tree(led)
    arrivals, ends = tree.of(None)
    return arrivals, _told_apart(ends)


def status_of(led: Ways, end: End) -> int | None:
    """What the client gets at an end; None where that is not known."""
    if end.file:
        return None
    page = _page(led, end.point)
    if end.whole and page is not None and page.shown is not None:
        return page.shown
    return end.status


def _page(led: Ways, point: Point) -> Came | None:
    """The last ``error_page`` on the way to a point."""
    return next((came for _, came in reversed(led.trail(point)) if came.how == "error_page"), None)


class _Tree:
    """Arrivals and ends by the page that has led to them; None for the request itself."""

    def __init__(self, led: Ways) -> None:
        self._led = led
        self._arrivals: dict[_Page | None, list[Arrival]] = {}
        self._ends: dict[_Page | None, list[End]] = {}
        for arrival in led.arrivals:
            for page in self._pages(led.at[arrival]):
                self._arrivals.setdefault(page, []).append(arrival)
        for end in led.ends:
            for page in self._pages(end.point):
                self._ends.setdefault(page, []).append(end)

    def _pages(self, point: Point) -> Iterator[_Page | None]:
        """The page that has led to a point; nothing for what comes after the client's request."""
        if not any(came.how == "post_action" for _, came in self._led.trail(point)):
            came = _page(self._led, point)
            yield None if came is None else (came.before, came.status)

    def of(self, page: _Page | None) -> tuple[list[Arrival], list[End]]:
        """What comes of the requests that a page has led on."""
        arrivals, ends = self._without_files(self._arrivals.get(page, []), self._ends.get(page, []))
        found: list[End] = []
        arrivals = list(arrivals)
        for end in ends:
            more = None if end.whole or end.elsewhere else self._paged(end)
            if more is None:
                found.append(end)
            else:
                arrivals += more[0]
                found += more[1]
        return arrivals, found

    def _paged(self, end: End) -> tuple[list[Arrival], list[End]] | None:
        """What comes of an answer by its ``error_page``; None where it has none."""
        page = (end.point, end.status or (_NOT_FOUND if end.file else None))
        if page[1] is None or (page not in self._arrivals and page not in self._ends):
            return None
        arrivals, ends = self.of(page)
        if end.file and not arrivals and all(one.file for one in ends):
            return None
        return arrivals, ends

    def _without_files(
        self, arrivals: list[Arrival], ends: list[End]
    ) -> tuple[list[Arrival], list[End]]:
        """Without what needs a file, where there is something else."""
        if not all([one.request.there for one in arrivals] + [one.there for one in ends]):
            arrivals = [one for one in arrivals if not one.request.there]
            ends = [one for one in ends if not one.there]
        sure = [one for one in ends if not one.file]
        files = {one.point: one for one in ends if one.file and one.status is None}
        files |= {one.point: one for one in ends if one.file and one.status is not None}
        if not arrivals and not sure:
            return [], sorted(files.values(), key=lambda end: end.status is None)[:1]
        points = [*(self._led.at[one] for one in arrivals), *(one.point for one in sure)]
        left = {came.before for point in points for came in self._by_files(point)}
        open_ = self._led.open - left
        return arrivals, [*sure, *(one for point, one in files.items() if point in open_)]

    def _by_files(self, point: Point) -> Iterator[Came]:
        return (came for _, came in self._led.trail(point) if came.how in _BY_FILES)


def _told_apart(ends: Iterable[End]) -> list[End]:
    seen: dict[tuple[int | None, int, bool], End] = {}
    for end in ends:
        seen.setdefault((end.status, id(end.line), end.file), end)
    return list(seen.values())
