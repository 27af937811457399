"""Includes: one root with every file that it includes, each where it is included from."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from msgspec.structs import replace

from lint502.findings import Note, Problem
from lint502.nginx.directive_syntax import is_placeholder, places, refused
from lint502.nginx.files import ElsewhereError, OutsideTreeError, has_magic
from lint502.nginx.growth import Growth
from lint502.nginx.parse import Directive, ParsedFile
from lint502.nginx.rendered_from import template_patterns
from lint502.nginx.stock_files import NGINX_FOLDERS, is_stock, lines_of
from lint502.nginx.store import Store
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.tokens import MAX_DEPTH
from lint502.nginx.tree import Context, Tree
from lint502.nginx.uncertain import is_uncertain
from lint502.places import SourceFile
from lint502.reading import MissingFileError, UnreadableError, shown

MAX_INCLUDE_DEPTH = 64
MAX_REFUSED = 100
"""Directives that nginx refuses, and that are listed."""

ENTERED = frozenset(
    ("http", "stream", "server", "location", "if", "limit_except", "upstream", "map", "geo",
     "split_clients")
)  # fmt: skip
"""The blocks that bear on hops; the others (``events``, ``types``, ``mail``…) stay closed."""

PASSES = frozenset(
    ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass")
)
_DEEP = 8
"""So many blocks around a hop take as much again to look at."""

_HOLD_HOPS = frozenset(("server", "location", "if", "limit_except"))


class Builder:
    """Expands one root. ``prefixes`` are the folders against which relative includes are tried;
    ``used`` are then the files of the root, the others count what it has expanded."""

    def __init__(
        self,
        store: Store,
        prefixes: Sequence[str],
        parse: Callable[[SourceFile], ParsedFile | Problem],
        allow_missing: Sequence[str],
        fragment: bool,
    ) -> None:
        self._store = store
        self._prefixes = prefixes
        self._parse = parse
        self._allow_missing = allow_missing
        self._fragment = fragment
        self.used: dict[SourceFile, ParsedFile] = {}
        self._problems: dict[Problem, None] = {}
        self._notes: dict[Note, None] = {}
        self._stack: list[str] = []
        self.includes = 0
        self.directives = 0
        self._most = Growth()
        self._refused = 0
        self.passes = 0
        self._left_out = False
        self._exhausted = False
        self._resolved: dict[str, list[str]] = {}
        self._said = 0

    def build(self, name: str, parsed: ParsedFile, identity: str, around: Sequence[str]) -> Tree:
        """The tree of ``parsed``; ``around`` are the contexts that a fragment stands in."""
        main = context = Context("main", None, None, partial=self._fragment)
        for outer in around:
            inner = Context(outer, None, context, partial=True)
            context.open(inner)
            context = inner
        self._stack.append(identity)
        if around:
            self._notes[
                Note(name, None, "a fragment, read as the contents of " + " { ".join(around))
            ] = None
        self._take(parsed)
        self._fill(context, parsed.directives, 0, conditional=False)
        if self._exhausted:  # a bomb: what it left behind tells nothing
            main = Context("main", None, None, partial=True)
        return Tree(name, main, self._fragment, tuple(self._problems), tuple(self._notes))

    def _take(self, parsed: ParsedFile) -> None:
        if parsed.source in self.used:
            return
        self._most.read(parsed.tokens)
        self.used[parsed.source] = parsed
        self._problems.update(dict.fromkeys(parsed.problems))
        self._notes.update(dict.fromkeys(parsed.notes))

    def _fill(
        self,
        context: Context,
        directives: tuple[Directive, ...],
        depth: int,
        *,
        conditional: bool,
    ) -> None:
        """Put directives into a context; ``conditional``: all of them stand in one branch of the
        logic of a template."""
        items, by_name, stands_in = context.items, context.by_name, places(context)
        self.directives += len(directives)
        for directive in directives:
            if self._exhausted:
                return
            if conditional and not directive.conditional:
                directive = replace(directive, conditional=True)
            name = directive.name
            if directive.open and (UNKNOWN in name or name == "include"):
                context.mark_unseen(directive)
                continue
            wrong = refused(context.name, stands_in, directive)
            for one, why in wrong:
                self._refuse(context, one, why)
            if wrong and wrong[0][0] is directive:
                context.mark_uncertain(directive)
                if name == "include" or is_placeholder(name):
                    context.mark_unseen(directive)
            elif directive.block is not None and name in ENTERED and context.name not in _FLAT:
                if name in _HOLD_HOPS and self.passes >= self._most.hops:
                    self._leave_out(context, directive)
                    continue
                if depth >= MAX_DEPTH:
                    self._problem(directive, f"blocks are nested more than {MAX_DEPTH} levels deep")
                    continue
                inner = Context(name, directive, context, conditional=directive.conditional)
                context.open(inner)
                self._fill(inner, directive.block, depth + 1, conditional=False)
            elif name == "include":
                self._include(context, directive, depth)
            elif is_uncertain(context.name, directive):
                context.mark_uncertain(directive)
            else:
                if name in PASSES:
                    self.passes += 1 + depth // _DEEP
                items.append(directive)
                by_name.setdefault(name, []).append(directive)
        if self.directives > self._most.directives:
            self._stop(directives[-1], f"more than {self._most.directives} directives")

    def _include(self, context: Context, include: Directive, depth: int) -> None:
        self.includes += 1
        if self.includes > self._most.includes:
            self._stop(include, f"more than {self._most.includes} includes")
            return
        if len(self._stack) > MAX_INCLUDE_DEPTH:
            self._problem(include, f"files include each other more than {MAX_INCLUDE_DEPTH} deep")
            context.mark_unseen(include)
            return
        for path in self._resolve(context, include):
            identity = self._store.identity(path)
            if identity in self._stack:
                self._problem(
                    include,
                    "this file is included by itself, through "
                    + " → ".join(shown(os.path.basename(file)) for file in [*self._stack, path]),
                )
                context.mark_unseen(include)
                continue
            parsed = self._load(context, include, path)
            if parsed is not None:
                self._stack.append(identity)
                self._fill(context, parsed.directives, depth, conditional=include.conditional)
                self._stack.pop()

    def _load(self, context: Context, include: Directive, path: str) -> ParsedFile | None:
        written = include.args[0]
        try:
            source = self._store.read(path)
        except (MissingFileError, OutsideTreeError) as error:
            self._missing(context, include, error)
        except UnreadableError as error:
            context.mark_unseen(include)
            if error.line is None:
                self._problem(include, f"include {shown(written)}: {error}")
            else:
                self._problems[
                    Problem(self._store.name(path), error.line, f"this file {error}")
                ] = None
        else:
            parsed = self._parse(source)
            if isinstance(parsed, Problem):
                self._problems[parsed] = None
            else:
                self._take(parsed)
                return parsed
            context.mark_unseen(include)
        return None

    def _resolve(self, context: Context, include: Directive) -> list[str]:
        """The files that an include names, in nginx's order; looked up once where nothing is to be
        said of it."""
        written = str(include.args[0])
        found = self._resolved.get(written)
        if found is None:
            said = self._said
            found = self._look_up(context, include, written)
            if found and said == self._said:
                self._resolved[written] = found
        return found

    def _look_up(self, context: Context, include: Directive, written: str) -> list[str]:
        candidates = [
            self._in_place(
                include, self._store.mapped(os.path.normpath(os.path.join(prefix, written)))
            )
            for prefix in self._prefixes
        ]
        seen: bool | None = False
        try:
            if not has_magic(written):
                return self._one(include, candidates)
            for pattern in candidates:
                seen = self._store.sees(pattern)
                if seen and (found := self._store.matches(pattern)):
                    templates = self._found_templates(include, candidates)
                    templates = [path for path in templates if path not in found]
                    if templates:
                        self._note(
                            include, f"include {shown(written)}: finds files, so that "
                            f"{self._names(templates)} was passed over"
                        )  # fmt: skip
                    return found
            if templates := self._templates(include, candidates):
                return templates
        except UnreadableError as error:
            self._problem(include, f"include {shown(written)}: {error}")
            context.mark_unseen(include)
            return []
        if seen is None:
            self._missing(context, include, OutsideTreeError())
        elif not is_stock(written):
            self._note(include, f"include {shown(written)} matches no file here")
            if not seen:
                context.mark_unseen(include)
        return []

    def _in_place(self, include: Directive, path: str) -> str:
        """Where a file is that nginx reads in the folder of its configuration: in that of the root,
        unless something says where else, or nothing there is called so."""
        if not self._store.has_templates or self._store.sees(path) is not None:
            return path
        for folder in NGINX_FOLDERS:
            inner = path.removeprefix(f"{folder}/")
            first = inner.partition("/")[0]
            if inner == path or has_magic(first):
                continue
            here = self._prefixes[-1]
            if os.path.lexists(os.path.join(here, first)):
                name = self._store.name(here) or "."
                self._note(include, f"{folder} is taken to be {name}, where the root stands")
                return self._store.mapped(os.path.join(here, inner))
        return path

    def _one(self, include: Directive, candidates: Sequence[str]) -> list[str]:
        """The file that an include without a glob names, whether it is there or not."""
        for path in candidates[:-1]:
            if os.path.lexists(path):
                return [path]
        path = candidates[-1]
        try:
            self._store.read(path)
        except (MissingFileError, OutsideTreeError):
            return self._templates(include, candidates) or [path]
        except UnreadableError:
            pass  # it is there
        return [path]

    def _templates(self, include: Directive, candidates: Sequence[str]) -> list[str]:
        """The templates from which what an include names is rendered when nginx starts."""
        found = self._found_templates(include, candidates)
        if found:
            self._note(
                include, f"include {shown(str(include.args[0]))}: nothing is there; read from "
                f"{self._names(found)}, as if rendered when nginx starts"
            )  # fmt: skip
        return found

    def _found_templates(self, include: Directive, candidates: Sequence[str]) -> list[str]:
        """Templates of what an include names, in the order of what is rendered from them."""
        if not self._store.has_templates:
            return []
        written = str(include.args[0])
        named = (os.path.normpath(os.path.join(prefix, written)) for prefix in self._prefixes)
        for path in dict.fromkeys((*named, *candidates)):
            for pattern, suffix in template_patterns(path, self._store.mapped):
                if self._store.sees(pattern) and (found := self._store.matches(pattern)):
                    return sorted(found, key=lambda file: file.removesuffix(suffix))
        return []

    def _names(self, paths: Sequence[str]) -> str:
        most = 3
        names = ", ".join(shown(self._store.name(path)) for path in paths[:most])
        return f"{names} and {len(paths) - most} more" if paths[most:] else names

    def _missing(self, context: Context, include: Directive, why: UnreadableError) -> None:
        """An include whose file is not here: a stock file, an allowed one, or a problem."""
        written = str(include.args[0])
        if is_stock(written):
            self._note(include, f"include {shown(written)}: a stock file, passed over", written)
            for line in lines_of(include):
                context.items.append(line)
                context.by_name.setdefault(line.name, []).append(line)
            return
        context.mark_unseen(include)
        path = self._store.mapped(os.path.normpath(os.path.join(self._prefixes[0], written)))
        if any(fnmatchcase(written, p) or fnmatchcase(path, p) for p in self._allow_missing):
            self._note(include, f"include {shown(written)}: not read, as allow_missing says")
        elif isinstance(why, ElsewhereError):
            self._note(include, f"include {shown(written)}: {why}")
        elif self._fragment:
            self._note(
                include, f"include {shown(written)}: not found; this file is a fragment, and the "
                "folder that its includes start from is not known"
            )  # fmt: skip
        elif include.conditional:
            self._note(include, f"include {shown(written)}: not found; a template may leave it out")
        elif isinstance(why, OutsideTreeError):
            self._problem(include, f"include {shown(written)}: {why}{self._map_hint(written)}")
        else:
            self._problem(
                include,
                f"include {shown(written)}: {why}, and nginx would not start; if it exists only "
                "where nginx runs, name it in allow_missing",
            )

    def _map_hint(self, written: str) -> str:
        """The ``--map`` that brings an include in, where the root's folder has what it names."""
        parts = written.split("/")
        for index in range(2, len(parts)):
            if parts[0] or has_magic(parts[index]):
                break
            if os.path.lexists(os.path.join(self._prefixes[-1], parts[index])):
                target = self._store.name(self._prefixes[-1]) or "."
                return f" (here: --map {shown('/'.join(parts[:index]))}={target})"
        return ""

    def _refuse(self, context: Context, directive: Directive, why: str) -> None:
        """A problem for a directive that nginx refuses, outside the branches of a template."""
        if directive.conditional or any(one.conditional for one in context.up()):
            return
        if self._refused < MAX_REFUSED:
            self._problem(directive, f"nginx would not start: {why}")
        elif self._refused == MAX_REFUSED:
            said = "nginx does not take this either, and perhaps more; no more is listed"
            self._problem(directive, said)
        self._refused += 1

    def _leave_out(self, context: Context, block: Directive) -> None:
        """A block that comes after as many hops as are looked at."""
        if context.name in ("http", "stream"):
            context.mark_uncertain(block)
        else:
            context.mark_unseen(block)
        if not self._left_out:
            self._problem(
                block, f"more than {self._most.hops} hops once all are expanded (in deep blocks "
                "one is several); lint502 looks at no block from here on that may have more"
            )  # fmt: skip
        self._left_out = True

    def _problem(self, directive: Directive, message: str) -> None:
        self._said += 1
        at = directive.place()
        self._problems[Problem(at.file, at.line, message, at.column)] = None

    def _note(self, directive: Directive, message: str, stock: str | None = None) -> None:
        self._said += 1
        self._notes[Note(directive.source.name, directive.line, message, stock)] = None

    def _stop(self, directive: Directive, what: str) -> None:
        if not self._exhausted:
            self._problem(directive, f"{what} once all are expanded; lint502 stops here")
        self._exhausted = True


_FLAT = frozenset(("map", "geo", "split_clients"))
