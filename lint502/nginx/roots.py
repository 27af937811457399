"""Roots: what ``lint502 check ROOT`` can be given, and the tree that each becomes.

A root is a main file, a directory that holds ``nginx.conf``, a template of it, or else fragments,
a fragment (:mod:`lint502.nginx.fragments`), ``-`` for standard input, or the output of
``nginx -T`` (:mod:`lint502.nginx.dump`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from lint502.checkout import LeadsOutError
from lint502.findings import Problem
from lint502.nginx.dump import DumpFiles, is_dump
from lint502.nginx.envsubst import Values
from lint502.nginx.file_parser import Defaults, FileParser
from lint502.nginx.files import MAX_FILE_BYTES, Files
from lint502.nginx.fragments import contexts_around
from lint502.nginx.includes import Builder
from lint502.nginx.parse import Directive, ParsedFile
from lint502.nginx.store import Store
from lint502.nginx.template_names import SUFFIXES
from lint502.nginx.templates import set_names, undefined
from lint502.nginx.tree import Context, Tree
from lint502.places import SourceFile
from lint502.quoting import like_name
from lint502.reading import MissingFileError, Reader, UnreadableError, decode, shown

STANDARD_INPUT = "-"
_MAIN = ("nginx.conf", *(f"nginx.conf{suffix}" for suffix in SUFFIXES))

MAX_ALL_HOPS = 60_000
MAX_ALL_LINES = 3_000_000
"""Hops, and directives and includes, that roots may come to before another is looked at."""

_Parse = Callable[[SourceFile], "ParsedFile | Problem"]
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
        defaults: Defaults = lambda _: {},
    ) -> None:
        """``named``: the roots are where whoever asks for them says; else they were found."""
        self._files = files
        self._named = named
        self._allow_missing = allow_missing
        self._standard_input = standard_input
        self._parser = FileParser(Values() if values is None else values, defaults)
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
                path = _main_in(path) or os.path.join(path, "nginx.conf")
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
            inner = _main_in(path)
            if inner is None:
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
            like = like_name(path)
            more = "" if like is None else f"; did you mean {self._files.name(like)}?"
            return _failed(name, None, f"there is no such file or directory{more}")
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

        def build(parse: _Parse) -> tuple[Tree, Builder]:
            builder = Builder(self._files, [path], parse, self._allow_missing, fragment=True)
            return builder.build(name, parsed, self._files.identity(path), ("http",)), builder

        return partial(self._with_symbols, build)

    def _is_for_http(self, path: str) -> bool:
        """Whether a file has servers, or upstreams, of ``http``."""
        if not os.path.isfile(path) or self._files.leads_out(path):
            return False
        try:
            parsed = self._parser.parse(self._files.read(path))
            if isinstance(parsed, Problem):
                return path.endswith((".conf", *SUFFIXES))  # which is then said
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
        parsed = self._parser.parse(source)
        if isinstance(parsed, Problem):
            return partial(_tree_of, parsed)
        try:
            around = contexts_around(parsed)
        except ValueError as error:
            return _failed(source.name, 1, str(error))
        folder = os.path.dirname(path)
        prefixes = [folder]
        if around:
            found = (self._files.folder_above(folder, name) for name in _MAIN)
            above = next((one for one in found if one is not None), None)
            if above is not None:  # where nginx.conf stands is where its includes start from
                self._files.allow(above)
                prefixes.append(above)

        def build(parse: _Parse) -> tuple[Tree, Builder]:
            builder = Builder(
                self._files, prefixes, parse, self._allow_missing, fragment=bool(around)
            )
            root = parse(source)
            assert isinstance(root, ParsedFile), "it could be parsed before"
            return builder.build(source.name, root, self._files.identity(path), around), builder

        return partial(self._with_symbols, build)

    def _with_symbols(self, build: Callable[[_Parse], tuple[Tree, Builder]]) -> Tree:
        """A tree in which the variables of templates that have no value are symbols.

        Which variables nginx itself knows, all files of a root decide: a first time they are
        read as they are.
        """
        tree, builder = build(self._parser.parse)
        self._counted(builder, tree)
        used = builder.used.values()
        if not any(parsed.unknown for parsed in used):
            return tree
        known = {name for parsed in used for name in set_names(parsed.directives)}
        found = {
            parsed.source: names
            for parsed in used
            if (names := undefined(parsed.source, parsed.unknown, known))
        }
        if not found:
            return tree
        again, _ = build(lambda source: self._parser.parse(source, found.get(source, frozenset())))
        return again

    def _dump(self, dump: SourceFile) -> _Build:
        store = DumpFiles(dump.text, self._files.name)
        root = store.first
        source = store.read(root)
        parsed = self._parser.parse_dumped(source)
        if isinstance(parsed, Problem):
            return partial(_tree_of, parsed)
        builder = Builder(
            store,
            [os.path.dirname(root)],
            self._parser.parse_dumped,
            self._allow_missing,
            fragment=False,
        )
        return lambda: self._counted(builder, builder.build(source.name, parsed, root, ()))

    def load_from(self, store: Store, main: str) -> Tree:
        """The tree of a main file, at the path that it has in a store; it is called as what the
        store reads there."""
        try:
            source = store.read(main)
        except UnreadableError as error:
            return _tree_of(Problem(store.name(main), error.line, f"{shown(main)}: {error}"))
        parsed = self._parser.parse(source)
        if isinstance(parsed, Problem):
            return _tree_of(parsed)

        def build(parse: _Parse) -> tuple[Tree, Builder]:
            prefixes = [os.path.dirname(main)]
            builder = Builder(store, prefixes, parse, self._allow_missing, fragment=False)
            root = parse(source)
            assert isinstance(root, ParsedFile), "it could be parsed before"
            return builder.build(source.name, root, store.identity(main), ()), builder

        return self._with_symbols(build)

    def parsed(self) -> Iterator[ParsedFile]:
        """The files that were read and could be parsed, each once."""
        return self._parser.parsed()


def _main_in(folder: str) -> str | None:
    """The main file of a folder, or the template that it is rendered from."""
    paths = (os.path.join(folder, name) for name in _MAIN)
    return next((path for path in paths if os.path.lexists(path)), None)


def _failed(name: str, line: int | None, message: str) -> _Build:
    return partial(_tree_of, Problem(name, line, message))


def _tree_of(*problems: Problem) -> Tree:
    """The tree of a root that cannot be read."""
    main = Context("main", None, None, partial=True)
    return Tree(problems[0].file, main, True, problems, ())


def default_roots(working_directory: Path, reader: Reader | None = None) -> list[str]:
    """The root that is taken where none is named."""
    reader = Reader() if reader is None else reader
    for candidate in ("nginx.conf", "nginx/nginx.conf", "conf/nginx.conf", "etc/nginx/nginx.conf"):
        if reader.is_file(str(working_directory / candidate)):
            return [candidate]
    return []
