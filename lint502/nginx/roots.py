"""Roots: what ``lint502 check ROOT`` can be given, and the tree that each becomes.

A root is a main file, a directory that holds ``nginx.conf`` or else fragments, a fragment
(:mod:`lint502.nginx.fragments`), ``-`` for standard input, or the output of ``nginx -T``
(:mod:`lint502.nginx.dump`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from lint502.checkout import LeadsOutError
from lint502.findings import Note, Problem
from lint502.nginx.builtin import is_builtin
from lint502.nginx.dump import DumpFiles, is_dump
from lint502.nginx.envsubst import Rendered, Values, braced_names, markers
from lint502.nginx.files import (
    MAX_FILE_BYTES,
    MAX_TOTAL_BYTES,
    Files,
)
from lint502.nginx.fragments import contexts_around
from lint502.nginx.includes import Builder, Store
from lint502.nginx.parse import Directive, ParsedFile, parse_file
from lint502.nginx.templates import (
    COMMENT,
    SUFFIX,
    is_template,
    set_names,
    template_problem,
    undefined,
)
from lint502.nginx.tokens import NginxSyntaxError
from lint502.nginx.tree import Context, Tree
from lint502.places import SourceFile
from lint502.reading import MissingFileError, UnreadableError, decode, shown

STANDARD_INPUT = "-"
MAX_TOKENS = 1_000_000
"""Words, braces and comments of all files of a run."""

MAX_ALL_HOPS = 30_000
MAX_ALL_LINES = 1_000_000
"""Hops, and directives and includes, that roots may come to before another is looked at."""

_Build = Callable[[], Tree]
"""What is left to do for a root once it is read: following its includes."""


class RootLoader:
    """Reads roots; a file that several roots include is read and parsed once."""

    def __init__(
        self,
        files: Files,
        allow_missing: Sequence[str],
        standard_input: Callable[[], bytes],
        values: Values | None = None,
        *,
        named: bool = True,
    ) -> None:
        """``named``: the roots are where whoever asks for them says; else they were found."""
        self._files = files
        self._named = named
        self._allow_missing = allow_missing
        self._standard_input = standard_input
        self._values = Values() if values is None else values
        self._parsed: dict[SourceFile, ParsedFile | Problem] = {}
        self._tokens = 0
        self._rendered = 0
        self._hops = 0
        self._lines = 0

    def load(self, argument: str) -> Tree:
        """The tree of one root; what goes wrong is among its problems."""
        return self._read(argument)()

    def load_all(self, arguments: Iterable[str]) -> list[Tree]:
        """The trees of several roots.

        All of them are read before the first include is followed: what may be read lies below any
        root, in whatever order they are named.
        """
        builds = [(argument, self._read(argument)) for argument in arguments]
        return [self._bounded(argument, build) for argument, build in builds]

    def _bounded(self, argument: str, build: _Build) -> Tree:
        """The tree of a root, unless those before it are too large together."""
        for many, most, what in (
            (self._hops, MAX_ALL_HOPS, "hops"),
            (self._lines, MAX_ALL_LINES, "directives and includes"),
        ):
            if many > most:
                said = f"the roots before this one have more than {most} {what}; it is not read"
                name = self._files.name(self._files.absolute(argument))
                return _tree_of(Problem(name, None, said))
        return build()

    def _counted(self, builder: Builder, tree: Tree) -> Tree:
        """A tree that a builder has made, which is counted."""
        self._hops += builder.passes
        self._lines += builder.directives + builder.includes
        return tree

    def distinct(self, arguments: Iterable[str]) -> list[str]:
        """Of several arguments that name the same file, the first."""
        found: dict[str, str] = {}
        for argument in arguments:
            path = argument if argument == STANDARD_INPUT else self._files.absolute(argument)
            if os.path.isdir(path):
                path = os.path.join(path, "nginx.conf")
            found.setdefault(path, argument)
        return list(found.values())

    def folder(self, argument: str) -> str:
        """The folder that a root stands in, or is."""
        path = self._files.absolute("." if argument == STANDARD_INPUT else argument)
        return path if os.path.isdir(path) else os.path.dirname(path)

    def _read(self, argument: str) -> _Build:
        if argument == STANDARD_INPUT:
            return self._read_standard_input()
        path = self._files.absolute(argument)
        found = not self._named
        if os.path.isdir(path):
            inner = os.path.join(path, "nginx.conf")
            if not os.path.lexists(inner):
                return self._folder(path)
            path = inner
            found = True
        name = self._files.name(path)
        if found and self._files.leads_out(path):
            return _failed(name, None, f"this file {LeadsOutError()}")
        self._files.allow(os.path.dirname(path))
        try:
            source = self._files.read(path, trusted=True)
        except MissingFileError:
            return _failed(name, None, "there is no such file or directory")
        except UnreadableError as error:
            return _failed(name, error.line, f"this file {error}")
        if is_dump(source.text):
            return self._dump(source)
        return self._file(source, path)

    def _folder(self, path: str) -> _Build:
        """The fragments of a folder that has no main file, as if an ``include *`` named them: those
        that belong into ``http``."""
        self._files.allow(path)
        name = self._files.name(path)
        try:
            files = self._files.matches(os.path.join(path, "*"))
        except UnreadableError as error:
            return _failed(name, None, f"{error}")
        fragments = [file for file in files if self._is_for_http(file)]
        if not fragments:
            return _failed(
                name,
                None,
                "this directory has no nginx.conf, and no servers or upstreams in files of its "
                "own; name the file that nginx starts from, or the fragments to check",
            )
        source = SourceFile(name, "")
        includes = (Directive("include", (file,), source, 1, 1, 1) for file in fragments)
        parsed = ParsedFile(source, tuple(includes), (), 0)
        builder = Builder(self._files, [path], self._parse, self._allow_missing, fragment=True)
        return partial(builder.build, name, parsed, self._files.identity(path), ("http",))

    def _is_for_http(self, path: str) -> bool:
        """Whether a file has servers, or upstreams, of ``http``."""
        if not os.path.isfile(path) or self._files.leads_out(path):
            return False
        try:
            parsed = self._parse(self._files.read(path))
            if isinstance(parsed, Problem) or parsed.unread:
                return path.endswith((".conf", SUFFIX))  # which is then said
            names = {directive.name for directive in parsed.directives}
            return not names.isdisjoint(("server", "upstream")) and contexts_around(parsed) == (
                "http",
            )
        except (UnreadableError, ValueError):
            return False

    def _read_standard_input(self) -> _Build:
        try:
            data = self._standard_input()
            if len(data) > MAX_FILE_BYTES:
                raise UnreadableError(f"has more than {MAX_FILE_BYTES // 1024**2} MB", 1)
            source = SourceFile("<stdin>", decode(data))
        except UnreadableError as error:
            return _failed("<stdin>", error.line, f"standard input {error}")
        if is_dump(source.text):
            return self._dump(source)
        path = self._files.absolute("<stdin>")
        self._files.allow(os.path.dirname(path))
        return self._file(source, path)

    def _file(self, source: SourceFile, path: str) -> _Build:
        if not source.text.strip():
            return _failed(source.name, 1, "this file is empty: there is nothing to check")
        parsed = self._parse(source)
        if isinstance(parsed, Problem):
            return partial(_tree_of, parsed)
        template = template_problem(source, given=self._values)
        if template is not None:
            return partial(_tree_of, template)
        if parsed.unread:
            return partial(_tree_of, *parsed.problems)
        try:
            around = contexts_around(parsed)
        except ValueError as error:
            return _failed(source.name, 1, str(error))
        folder = os.path.dirname(path)
        prefixes = [folder]
        if around:
            above = self._files.folder_above(folder, "nginx.conf")
            if above is not None:  # where nginx.conf stands is where its includes start from
                self._files.allow(above)
                prefixes.append(above)

        def build(refused: Mapping[SourceFile, ParsedFile]) -> tuple[Tree, Builder]:
            builder = Builder(
                self._files,
                prefixes,
                lambda source: refused.get(source) or self._parse(source),
                self._allow_missing,
                fragment=bool(around),
            )
            root = refused.get(source, parsed)
            return builder.build(source.name, root, self._files.identity(path), around), builder

        return partial(self._without_undefined, build)

    def _without_undefined(
        self, build: Callable[[Mapping[SourceFile, ParsedFile]], tuple[Tree, Builder]]
    ) -> Tree:
        """A tree without the templates that have variables without a value.

        Which variables nginx itself knows, all files of a root decide: a first time they are
        read as they are.
        """
        tree, builder = build({})
        self._counted(builder, tree)
        used = builder.used.values()
        if not any(parsed.unknown for parsed in used):
            return tree
        known = {name for parsed in used for name in set_names(parsed.directives)}
        found = [
            (parsed.source, problems)
            for parsed in used
            if (problems := undefined(parsed.source, parsed.unknown, known, self._values))
        ]
        refused = {
            source: _unread(source, problems) for source, problems in found if is_template(source)
        }
        if refused:
            tree, _ = build(refused)
        # elsewhere nginx may know a variable from what is not seen
        whole = not tree.fragment and tree.main.seen_whole
        missing = (
            problem
            for source, problems in found
            if whole or source in refused
            for problem in problems
        )
        return replace(tree, problems=tuple(dict.fromkeys((*tree.problems, *missing))))

    def _dump(self, dump: SourceFile) -> _Build:
        store = DumpFiles(dump.text, self._files.name)
        root = store.first
        source = store.read(root)
        parsed = self._parse_dumped(source)
        if isinstance(parsed, Problem):
            return partial(_tree_of, parsed)
        builder = Builder(
            store, [os.path.dirname(root)], self._parse_dumped, self._allow_missing, fragment=False
        )
        return lambda: self._counted(builder, builder.build(source.name, parsed, root, ()))

    def load_from(self, store: Store, main: str) -> Tree:
        """The tree of a main file, at the path that it has in a store; it is called as what the
        store reads there."""
        try:
            source = store.read(main)
        except UnreadableError as error:
            return _tree_of(Problem(store.name(main), error.line, f"{shown(main)}: {error}"))
        parsed = self._parse(source)
        if isinstance(parsed, Problem):
            return _tree_of(parsed)
        if parsed.unread:
            return _tree_of(*parsed.problems)

        def build(refused: Mapping[SourceFile, ParsedFile]) -> tuple[Tree, Builder]:
            builder = Builder(
                store,
                [os.path.dirname(main)],
                lambda source: refused.get(source) or self._parse(source),
                self._allow_missing,
                fragment=False,
            )
            root = refused.get(source, parsed)
            return builder.build(source.name, root, store.identity(main), ()), builder

        return self._without_undefined(build)

    def parsed(self) -> Iterator[ParsedFile]:
        """The files that were read and could be parsed, each once."""
        return (parsed for parsed in self._parsed.values() if isinstance(parsed, ParsedFile))

    def _parse(self, source: SourceFile) -> ParsedFile | Problem:
        """A file as nginx reads it: with the values, where they are to be put in."""
        parsed = self._parsed.get(source)
        if parsed is None:
            try:
                rendered = self._render(source)
            except UnreadableError as error:
                parsed = Problem(source.name, error.line, f"this file {error}")
            else:
                parsed = self._parse_anew(source, rendered)
            self._parsed[source] = parsed
        return parsed

    def _parse_dumped(self, source: SourceFile) -> ParsedFile | Problem:
        """What nginx has read is no template any more."""
        parsed = self._parsed.get(source)
        if parsed is None:
            parsed = self._parsed[source] = self._parse_anew(source, None)
        return parsed

    def _render(self, source: SourceFile) -> Rendered | None:
        """The text with the values in it; None where nothing is to be replaced.

        In a file that is no template by its looks, only a ``${NAME}`` tells that it is one all the
        same, unless it is a variable of its own, or one of nginx's.
        """
        if not self._values or "$" not in source.text:
            return None
        takes: Callable[[str], bool] = _all
        if not is_template(source):
            given = {span.name: span.braced for span in markers(source.text)}
            marked = any(braced and name in self._values for name, braced in given.items())
            small = {
                name
                for name in braced_names(source.text)
                if name in self._values and not is_builtin(name)
            }
            if not (marked or small):
                return None
            own = _own_names(source)
            names = {name for name in given if name in self._values and name.lower() not in own}
            names |= {name for name in small if name.lower() not in own}
            takes = names.__contains__
        rendered = Rendered(source.text, self._values, takes)
        self._rendered += len(rendered.text)
        if self._rendered > MAX_TOTAL_BYTES:
            raise UnreadableError(
                f"and those before it come to more than {MAX_TOTAL_BYTES // 1024**2} MB with the "
                "values that are given; lint502 stops here"
            )
        return rendered if rendered.changed else None

    def _parse_anew(self, source: SourceFile, rendered: Rendered | None) -> ParsedFile | Problem:
        if self._tokens > MAX_TOKENS:
            message = f"the files read have more than {MAX_TOKENS} words; lint502 stops here"
            return Problem(source.name, 1, message)
        try:
            parsed = parse_file(source, rendered)
        except NginxSyntaxError as error:
            return self._refused(source, rendered, error)
        self._tokens += parsed.tokens
        if rendered is None or is_template(source):
            return parsed
        names = ", ".join(rendered.names())
        note = Note(source.name, None, f"a template, read with the values of {names}")
        return replace(parsed, notes=(note,))

    def _refused(
        self, source: SourceFile, rendered: Rendered | None, error: NginxSyntaxError
    ) -> ParsedFile | Problem:
        """What is wrong with a file that nginx would not read: perhaps it only lacks values."""
        problem = template_problem(source, refused=True, given=self._values)
        if problem is None and is_template(source):
            without = COMMENT.sub("", source.text)
            replaced = () if rendered is None else {span.name for span in rendered.spans()}
            left = (span for span in markers(without) if span.braced and span.name not in replaced)
            missing = undefined(source, left, (), self._values)
            if missing:
                return _unread(source, missing)
        return problem or Problem(source.name, error.line, str(error), error.column)


def _all(_name: str) -> bool:
    return True


def _own_names(source: SourceFile) -> frozenset[str]:
    """The variables that a file defines for nginx; none where it is nothing that nginx reads."""
    try:
        return frozenset(set_names(parse_file(source).directives))
    except NginxSyntaxError:
        return frozenset()


def _unread(source: SourceFile, problems: tuple[Problem, ...]) -> ParsedFile:
    return ParsedFile(source, (), (), 0, problems, unread=True)


def _failed(name: str, line: int | None, message: str) -> _Build:
    return partial(_tree_of, Problem(name, line, message))


def _tree_of(*problems: Problem) -> Tree:
    """The tree of a root that cannot be read."""
    main = Context("main", None, None, partial=True)
    return Tree(problems[0].file, main, True, problems, ())


def default_roots(working_directory: Path) -> list[str]:
    """The root that is taken where none is named."""
    for candidate in ("nginx.conf", "nginx/nginx.conf", "conf/nginx.conf", "etc/nginx/nginx.conf"):
        if os.path.isfile(working_directory / candidate):
            return [candidate]
    return []
