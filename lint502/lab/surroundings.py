"""What stands around a hop and makes another error of its own: error pages, ``auth_request``."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from lint502.behaviour.error_pages import first_line, page_location
from lint502.behaviour.subrequests import asked_beside, askers
from lint502.lab.writing import indented, statement
from lint502.nginx.hops import Hop
from lint502.nginx.reached import certain_answer
from lint502.nginx.scope import Scope

_ASKED = "/asked"


class Surroundings(Struct, frozen=True):
    """``location`` is where the hop stands, ``lines`` are beside its pass, and ``locations`` the
    text of the others."""

    location: str = "/"
    lines: tuple[str, ...] = ()
    locations: str = ""


NONE = Surroundings()
"""Nothing that decides."""


def surroundings(hop: Hop, status: int) -> Surroundings:
    """What makes another status of one that nginx answers at a hop: the lines for it, the pages to
    which they lead, and where ``auth_request`` asks the hop, a location that does so. A page that
    does not certainly answer with a status of its own answers 200."""
    pages: dict[str, str] = {}
    lines = tuple(_error_page(hop.scope, status, pages))
    if asked_beside(hop) != "auth_request":
        return Surroundings(lines=lines, locations="".join(pages.values()))
    asking = [f"auth_request {_ASKED};"]
    for level, _ in askers(hop):
        asking += _error_page(Scope(level, hop.scope.version), 500, pages)
        break
    asking.append("empty_gif;")
    text = f"        location / {{\n{indented(asking, 3)}        }}\n"
    return Surroundings(f"= {_ASKED}", lines, text + "".join(pages.values()))


def _error_page(scope: Scope, status: int, pages: dict[str, str]) -> Iterator[str]:
    """The line for a status, if there is one; its page is added to the ``pages``."""
    line = first_line(scope, status)
    if line is None or "$" in line[-1]:
        return
    *_, before, page = line
    given = (before,) if before.startswith("=") else ()
    yield statement("error_page", (str(status), *given, page))
    location = page_location(scope, page)
    answer = None if location is None else certain_answer(location)
    if location is not None and page.startswith(("/", "@")):
        said = "return 200 page;" if answer is None else statement("return", answer.written)
        name = page if page.startswith("@") else f"= {page.partition('?')[0]}"
        pages[name] = f"        location {name} {{\n            {said}\n        }}\n"
