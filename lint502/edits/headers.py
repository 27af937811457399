"""Lines of ``proxy_set_header`` and its like that a hop gets, or that get another value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lint502.edits.propose import Edits, insertion, place_for, rewritten
from lint502.nginx.hops import Hop

_MOST_INHERITED = 100
"""As many inherited lines are written anew at a hop; where there are more, nothing is."""


def with_headers(hop: Hop, wanted: Mapping[str, str], others: Sequence[str] = ()) -> Edits:
    """Headers of a hop with new values, and ``others``, lines without their semicolons, before
    them. What the hop has inherited so far is written anew, for lines of its own take the place of
    those further out; a default is not."""
    name = f"{hop.kind}_set_header"
    headers, before = hop.scope.setting(name), place_for(hop.context, [name])
    if headers is None or before is None:
        return ()
    edits: Edits = ()
    lines, left = list(others), {key.lower(): (key, value) for key, value in wanted.items()}
    if wanted and headers.origin == "inherited":
        if len(headers.directives) > _MOST_INHERITED:
            return ()
        for line in (one for one in headers.directives if one.args):
            if line.args[0].lower() in left:
                continue
            if not rewritten(line, ""):  # it cannot be written on one line
                return ()
            place = line.place()
            lines.append(place.text[place.column - 1 : place.end_column - 1].rstrip("; "))
    elif headers.origin == "written":
        for key in list(left):
            for line in headers.directives_named(key)[:1]:
                header, value = left.pop(key)
                found = rewritten(line, f"{header} {value}")
                if not found:
                    return ()
                edits += found
    lines += [f"{name} {header} {value}" for header, value in left.values()]
    return (*edits, insertion(before, lines)) if lines else edits
