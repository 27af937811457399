"""host-header-twice: nginx sends two lines of a header that a request may have once."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.refusals import Refusal
from lint502.behaviour.single_headers import Twice, refused, sent_twice
from lint502.declared.listeners import Listener
from lint502.disagreements import Disagreement
from lint502.edits.propose import Edits, removal
from lint502.findings import Fix
from lint502.nginx import error_log
from lint502.nginx.hops import Hop
from lint502.nginx.parse import Directive
from lint502.rule import Rule
from lint502.site import Site


def check(site: Site) -> Iterator[Disagreement]:
    """One for each hop and header, where the listener refuses that, or should."""
    for pair in site.each_pair():
        listener = pair.meant
        if listener is None or not _speaks_http(listener):
            continue
        for twice in sent_twice(pair.hop):
            known = refused(twice, listener)
            if known is None and twice.what != "host-twice":
                continue
            if known is not None and known.does == "nothing":
                continue
            closes = known is not None and known.does == "close"
            last = twice.lines[-1]
            yield RULE.disagreement(
                pair,
                "send" if closes else "later",
                certain=known is not None and twice.certain,
                frequency="always" if twice.certain and twice.always and known else "sometimes",
                status=502 if closes else 400,
                message=_message(twice, known, listener),
                place=last.place(f"{twice.header} is sent once more"),
                related=tuple(line.place("it is sent here, too") for line in twice.lines[:-1]),
                log=error_log.line("closed-early") if closes else None,
                fix=_fix(twice, pair.hop),
            )


def _speaks_http(listener: Listener) -> bool:
    return listener.protocol is None or listener.protocol.value == "http"


def _message(twice: Twice, known: Refusal | None, listener: Listener) -> str:
    values = " and ".join(f'"{line.args[1]}"' for line in twice.lines)
    if known is None:
        outcome = "a server that goes by RFC 9112 answers 400"
    elif known.does == "close":
        outcome = f"{listener.upstream} closes the connection"
    else:
        outcome = f"{listener.upstream} answers 400"
    message = f"nginx sends {twice.header} {len(twice.lines)} times, {values}: {outcome}"
    if not twice.certain:
        return f"{message}, whenever none of them is empty"
    return message if twice.always else f"{message} to every request with a body"


def _fix(twice: Twice, hop: Hop) -> Fix:
    """Leave one line: the last one, but none that other places include loses a line."""
    location = hop.directive.source
    own = [line for line in twice.lines if line.source is location]
    surplus = [line for line in twice.lines if line is not _kept(twice, own)]
    alike = len({line.args[1] for line in twice.lines}) == 1
    edits: Edits = ()
    if all(line in own for line in surplus):
        each = [removal(line) for line in surplus]
        edits = tuple(edit for of_line in each for edit in of_line) if all(each) else ()
    return Fix(f"keep one {twice.header} line only", safe=alike, edits=edits)


def _kept(twice: Twice, own: list[Directive]) -> Directive:
    """The line that stays: the first one that stands in another file, else the last one."""
    return next((line for line in twice.lines if line not in own), twice.lines[-1])


RULE = Rule("host-header-twice", check, "protocols.header_twice")
