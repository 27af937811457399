"""buffer-directive-family: tuning of one pass directive where requests go by another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from msgspec.structs import replace

from lint502.behaviour.limits import PASS_FAMILIES, too_big_header
from lint502.edits import buffers
from lint502.findings import Edit, Finding, Fix, Severity
from lint502.nginx.buffers import Change
from lint502.nginx.directives import directive
from lint502.nginx.hops import Hop
from lint502.nginx.lines import lines_in
from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context, Tree, once_a_context
from lint502.nginx.values import format_size, parse_size
from lint502.rule import Rule
from lint502.site import Site
from lint502.wording import listed

_TUNING = (
    "buffer_size",
    "buffers",
    "busy_buffers_size",
    "buffering",
    "request_buffering",
    "connect_timeout",
    "send_timeout",
    "read_timeout",
)
_FAMILIES = {f"{family}_{name}": family for family in PASS_FAMILIES for name in _TUNING}
"""The family of each."""
_ORDER = tuple(_FAMILIES)

_NOTHING: Mapping[str, Sequence[Directive]] = {}

_WITH_HEADERS = frozenset(("proxy", "fastcgi", "uwsgi", "scgi", "grpc"))


def check(site: Site) -> Iterator[Finding]:
    """One finding for the lines at a hop that are of another family and of no use anywhere."""
    used = frozenset(_used(site))
    if all(line in used for area in site.tree.main.children for line in _written(area)):
        return
    unclear, compared = _Unclear(site.tree), buffers.Lines(site.tree.main)
    for hop in site.hops:
        tuning = _in_effect(hop, unclear) if hop.kind != "stream" else _NOTHING
        for family in (one for one in PASS_FAMILIES if one in tuning and one != hop.kind):
            lines = [
                line
                for line in tuning[family]
                if line not in used and _counterpart_is_untouched(hop, line)
            ]
            if lines:
                yield _finding(site, hop, family, lines, compared)


def _finding(
    site: Site, hop: Hop, family: str, lines: list[Directive], compared: buffers.Lines
) -> Finding:
    first, *others = lines
    own = hop.scope.size(f"{hop.kind}_buffer_size")
    size = _buffer_size(family, first)
    harmful = (
        hop.kind in _WITH_HEADERS
        and own is not None
        and size is not None
        and size > own.value
        and any(
            pair.meant is None or pair.meant.response_headers is None for pair in site.pairs[hop.id]
        )
    )
    written = listed((line.name for line in lines), most=len(lines))
    do = "does" if len(lines) == 1 else "do"
    message = f"{written} {do} nothing for {hop.directive.name}"
    if harmful and own is not None and size is not None:
        message += (
            f": response headers above {format_size(own.value)}, which is {hop.kind}_buffer_size "
            f"by default, answer 502, although {format_size(size)} was meant"
        )
    return RULE.finding(
        severity=Severity.WARNING if harmful else Severity.INFO,
        message=message,
        place=first.place(f"for {family}_pass alone"),
        related=tuple(line.place(f"for {family}_pass alone") for line in others),
        hops=(hop.id,),
        log=too_big_header(hop) if harmful else None,
        fix=_fix(hop, lines, compared),
    )


def _fix(hop: Hop, lines: list[Directive], compared: buffers.Lines) -> Fix:
    """The lines with the names of the hop's own family; where nginx would refuse that, a buffer of
    the size that was meant, with all that has to go with it."""
    lines = [line for line in lines if not _is_no_time(line)]
    if not lines:
        return Fix("remove it")
    words = {f"{hop.kind}_{line.name.partition('_')[2]}": " ".join(line.args) for line in lines}
    level = next((one for one in hop.context.up() if lines[0] in _all(one)), hop.context)
    if compared.refusals.of(Change(level, words), hop.kind, hop.scope.version):
        sizes = [_size(line) for line in lines]
        meant = max((size for size in sizes if size is not None), default=None)
        if meant is not None:
            own = buffers.fix(hop, hop.directive, meant, compared)
            here = hop.context.enclosing("location", "server")
            where = "" if here is level else f" beside {hop.directive.name}"
            return replace(own, description=own.description + where, safe=False)
    return Fix(
        " ".join(f"{name} {value};" for name, value in words.items()),
        edits=tuple(
            Edit(
                line.source.name,
                line.line,
                line.column,
                line.end_column,
                name,
                line.source.line(line.line),
            )
            for name, line in zip(words, lines, strict=True)
        ),
    )


def _is_no_time(line: Directive) -> bool:
    """Whether a line sets a timeout of 0, which would do harm where it has an effect."""
    return line.name.endswith("_timeout") and line.args[:1] in (("0",), ("0s",), ("0ms",))


def _all(level: Context) -> Iterator[Directive]:
    for lines in level.by_name.values():
        yield from lines


def _size(line: Directive) -> int | None:
    """The size of a line that sets buffers."""
    if not line.name.endswith(("_buffer_size", "_buffers")):
        return None
    try:
        return parse_size(line.args[-1])
    except (IndexError, ValueError):
        return None


def _buffer_size(family: str, line: Directive) -> int | None:
    if line.name != f"{family}_buffer_size":
        return None
    try:
        return parse_size(line.args[0])
    except (IndexError, ValueError):
        return None


def _counterpart_is_untouched(hop: Hop, line: Directive) -> bool:
    """Whether the hop's own family knows such a setting, and has another value, its default."""
    name = f"{hop.kind}_{line.name.partition('_')[2]}"
    if directive("http", name) is None:
        return False
    setting = hop.scope.setting(name)
    return setting is not None and setting.origin == "default" and setting.lines != (line.args,)


def _in_effect(hop: Hop, unclear: _Unclear) -> Mapping[str, Sequence[Directive]]:
    """The tuning at a hop by family, of each directive the innermost line; the size first."""
    found: dict[str, dict[str, Directive]] = {}
    for level in hop.context.up():
        if unclear.below(level):
            break
        for family, lines in _tuning(level).items():
            of_family = found.setdefault(family, {})
            for line in lines:
                of_family.setdefault(line.name, line)
    return {
        family: sorted(lines.values(), key=lambda line: not line.name.endswith("_buffer_size"))
        for family, lines in found.items()
    }


def _written(area: Context) -> Iterator[Directive]:
    """All tuning of an ``http {}``."""
    if area.name == "http":
        of = lines_in(area).of
        yield from chain.from_iterable(of.get(name, ()) for name in _FAMILIES)


def _used(site: Site) -> Iterator[Directive]:
    """The tuning that some hop goes by."""
    seen: set[tuple[Context, str]] = set()
    for hop in site.every_hop:
        for level in hop.context.up():
            if (level, hop.kind) in seen:
                break
            seen.add((level, hop.kind))
            yield from _tuning(level).get(hop.kind, ())


@once_a_context
def _tuning(level: Context) -> Mapping[str, Sequence[Directive]]:
    """The tuning at a level, by family."""
    found: dict[str, list[Directive]] = {}
    for name in sorted(_FAMILIES.keys() & level.by_name.keys(), key=_ORDER.index):
        found.setdefault(_FAMILIES[name], []).extend(level.by_name[name])
    return found


class _Unclear:
    """Tells the contexts that may hold hops which were not seen."""

    def __init__(self, tree: Tree) -> None:
        self._contexts: set[int] = set()
        self._note(tree.main)

    def below(self, context: Context) -> bool:
        """Whether there may be some at or below a context."""
        return id(context) in self._contexts

    def _note(self, context: Context) -> bool:
        unclear = context.partial or bool(context.unseen)
        for child in context.children:
            unclear |= self._note(child)
        if unclear:
            self._contexts.add(id(context))
        return unclear


RULE = Rule("buffer-directive-family", check, "limits.tuned_header")
