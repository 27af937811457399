"""The nginx files of a repository that names none: what lies below a folder and looks like one.

A main file (it has ``http {}`` or ``stream {}``) is a root, with what it includes; of the others
those that no main file includes, and that have a pass. What tools put there is passed over, and so
are links.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct

from lint502.deployment.walk import walk
from lint502.nginx.file_parser import text_as_read
from lint502.nginx.files import has_magic
from lint502.nginx.includes import PASSES
from lint502.nginx.stock_files import NGINX_FOLDERS
from lint502.nginx.symbols import UNKNOWN
from lint502.nginx.template_names import OTHER_SUFFIXES, SUFFIXES
from lint502.nginx.tokens import NginxSyntaxError, Token, tokenize
from lint502.patterns import regex
from lint502.places import SourceFile
from lint502.reading import Reader, UnreadableError, decode

MOST_BYTES = 16 * 1024**2
"""Of all files together that a search reads."""

LARGEST = 1024**2
"""Bytes of a file that is looked into."""

MOST_ROOTS = 2_000
"""Roots that a search finds."""

MOST_COMPARED = 300_000
"""Paths that are compared with a glob of an include."""

_FOLDERS = frozenset(
    ("nginx", "openresty", "sites-available", "sites-enabled", "conf.d", "vhosts", "vhosts.d",
     "vhost.d", "http.d", "streams-enabled", "stream.d")
)  # fmt: skip
"""Folders of which files without a suffix are looked into, too."""

_READ_WHOLE = frozenset(("conf.d", "sites-enabled", "http.d", "vhosts.d"))
"""Of these nginx reads all files, as its packages have it."""

_SUFFIXES = (".conf", ".nginx", ".vhost", ".template", ".conf.dist", ".conf.example", ".inc")
_NO_NGINX = (
    ".md", ".py", ".sh", ".js", ".ts", ".json", ".yml", ".yaml", ".toml", ".html", ".css", ".txt",
    ".go", ".rs", ".rb", ".java", ".php", ".service", ".lock", ".svg", ".png", ".env", ".ini",
    ".lua", ".pem",
    ".crt", ".key", ".log", ".gz", ".zip", ".tar", ".bak", ".orig", ".old", ".save", "~",
    ".disabled", ".dockerfile",
)  # fmt: skip
_LOOKS_LIKE = regex(
    r"(?:^|[\s;{}])(?:(?:proxy|fastcgi|uwsgi|scgi|grpc|memcached)_pass[ \t]+[^\s;=]"
    r"|(?:http|stream|upstream\s+[\w.-]+)\s*\{)",
    re.ASCII,
)


_HAS_BLOCK = regex(r"(?:^|[\s;{}])(?:server|(?:location|upstream)\s[^;{}]{1,200})\s*\{", re.ASCII)
"""What a template has that does not say by its name that it is nginx's."""


class Found(Struct, frozen=True):
    """The roots that a search has found, relative to its folder; ``whole`` tells that it was not
    cut short."""

    roots: tuple[str, ...]
    whole: bool


class _Candidate(Struct, frozen=True):
    """A file as it looks at a glance; ``http``: it has servers or upstreams at its top."""

    path: str
    main: bool
    http: bool
    passes: bool
    includes: tuple[str, ...]


def search(folder: Path, reader: Reader | None = None) -> Found:
    """The roots below a folder."""
    reader = Reader() if reader is None else reader
    candidates: list[_Candidate] = []
    left = MOST_BYTES
    found = walk(str(folder))
    whole = found.whole
    for path in found.paths:
        if not _may_be(os.path.basename(path), os.path.basename(os.path.dirname(path))):
            continue
        text = _text(path, reader)
        if text is None or not _LOOKS_LIKE.search(text):
            continue
        named = _is_named(os.path.relpath(path, folder))
        if not named and not _HAS_BLOCK.search(text):
            continue
        left -= len(text)
        if left < 0:
            whole = False
            break
        candidate = _candidate(path, text)
        if candidate is not None:
            candidates.append(candidate)
        elif named:
            candidates.append(_Candidate(path, False, False, True, ()))
    mains = [one for one in candidates if one.main]
    included = _Included([one for one in candidates if not one.main])
    taken = _roots(mains, included)
    roots = tuple(os.path.relpath(path, folder) for path in taken[:MOST_ROOTS])
    whole = whole and included.whole and len(taken) <= MOST_ROOTS
    return Found(roots, whole)


def looks_like_nginx(path: str, text: str) -> bool:
    """Whether a file is one of nginx's: by what is in it, unless its name says something else, or
    by its name and its folder's."""
    name, folder = os.path.basename(path).lower(), os.path.basename(os.path.dirname(path)).lower()
    if name.endswith(_NO_NGINX) or name.startswith(("dockerfile", "containerfile")):
        return False
    if _LOOKS_LIKE.search(text) or _HAS_BLOCK.search(text):
        return True
    return "nginx" in name or folder in _FOLDERS


def _may_be(name: str, folder: str) -> bool:
    """Whether a file is looked into, by its name and its folder's."""
    small = name.lower()
    if small.startswith(".") or small.endswith(_NO_NGINX):
        return False
    if small.endswith(OTHER_SUFFIXES):
        return not small.rpartition(".")[0].endswith(_NO_NGINX)
    if small.endswith(_SUFFIXES) or "nginx" in small:
        return True
    return "." not in small and folder.lower() in _FOLDERS


def _is_named(path: str) -> bool:
    """Whether the name of a file, or where it stands, says that it is nginx's; a template is often
    called like what is rendered from it. One that nginx refuses is then said to be so."""
    small = path.lower()
    if not small.endswith(OTHER_SUFFIXES):
        return True
    return "nginx" in small or "openresty" in small or small.rpartition(".")[0].endswith(_SUFFIXES)


def _text(path: str, reader: Reader) -> str | None:
    try:
        return decode(reader.data(path, LARGEST))
    except UnreadableError:
        return None


def _candidate(path: str, text: str) -> _Candidate | None:
    """What a file has, word by word as nginx reads it; None where nginx refuses it."""
    main = passes = False
    includes = []
    try:
        items = tokenize(text_as_read(SourceFile(path, text))).items
    except (NginxSyntaxError, UnreadableError):
        return None
    http = False
    depth, name = 0, ""
    for item in items:
        if not isinstance(item, Token):
            depth += {"{": 1, "}": -1}.get(item, 0)
            name = ""
        elif not name:
            name = item
            main = main or (depth == 0 and name in ("http", "stream"))
            http = http or (depth == 0 and name in ("server", "upstream"))
            passes = passes or name in PASSES
        elif name == "include" and UNKNOWN not in item:
            includes.append(str(item))
    return _Candidate(path, main, http, passes, tuple(includes))


def _roots(mains: Sequence[_Candidate], included: _Included) -> list[str]:
    """The main files that lead to a pass, and what has one and no main file includes: a folder
    where nginx reads all that is in it."""
    covered: set[str] = set()
    roots = []
    for main in mains:
        found = included.by(main)
        if main.passes or any(one.passes for one in found):
            roots.append(main.path)
            covered.update(one.path for one in found)
    left: dict[str, list[_Candidate]] = {}
    for one in included.others:
        if one.path not in covered:
            folder = os.path.dirname(one.path)
            together = one.http and os.path.basename(folder) in _READ_WHOLE
            left.setdefault(folder if together else one.path, []).append(one)
    for path, there in left.items():
        if any(one.passes for one in there):
            roots.append(path if len(there) > 1 else there[0].path)
    return roots


class _Included:
    """The files besides the main ones, and which of them a main file includes. ``whole`` tells that
    no more globs were asked for than it compares with paths."""

    def __init__(self, others: Sequence[_Candidate]) -> None:
        self.others = others
        self.whole = True
        self._left = MOST_COMPARED
        self._by_path = {one.path: one for one in others}
        self._rendered: dict[str, list[_Candidate]] = {}
        for one in others:
            self._rendered.setdefault(_rendered(one.path), []).append(one)
        self._found: dict[str, Sequence[_Candidate]] = {}

    def by(self, main: _Candidate) -> list[_Candidate]:
        """Those that a main file includes, directly or not."""
        folder = os.path.dirname(main.path)
        found: dict[str, _Candidate] = {}
        waiting = list(main.includes)
        asked: set[str] = set()
        while waiting:
            written = waiting.pop()
            if written in asked:
                continue
            asked.add(written)
            for pattern in _patterns(folder, written):
                for one in self._matching(pattern):
                    if one.path not in found:
                        found[one.path] = one
                        waiting += one.includes
        return list(found.values())

    def _matching(self, pattern: str) -> Sequence[_Candidate]:
        found = self._found.get(pattern)
        if found is None:
            found = self._found[pattern] = self._look_for(pattern)
        return found

    def _look_for(self, pattern: str) -> Sequence[_Candidate]:
        if not has_magic(pattern):
            one = self._by_path.get(pattern)
            return self._rendered.get(pattern, ()) if one is None else [one]
        self._left -= len(self.others)
        if self._left < 0:
            self.whole = False
            return []
        return [one for one in self.others if _is_meant(one.path, pattern)]


def _patterns(folder: str, written: str) -> Iterator[str]:
    """Where an include leads to, with the folder of nginx taken for that of the main file; and the
    templates that its image renders there."""
    for place in NGINX_FOLDERS:
        if written.startswith(f"{place}/"):
            written = written[len(place) + 1 :]
    path = os.path.normpath(os.path.join(folder, written))
    yield path
    before, found, rest = path.partition("/conf.d/")
    if found:
        yield f"{before}/templates/{rest}.template"


def _rendered(path: str) -> str:
    """Where what is rendered from a template beside it stands; the path itself for no template."""
    return next((path.removesuffix(one) for one in SUFFIXES if path.endswith(one)), path)


def _is_meant(path: str, pattern: str) -> bool:
    """Whether a glob finds a file, or what is rendered from it."""
    return _matches(path, pattern) or _matches(_rendered(path), pattern)


def _matches(path: str, pattern: str) -> bool:
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))
