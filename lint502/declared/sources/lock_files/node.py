"""Node.js: npm, Yarn and pnpm."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lint502.declared.sources.lock_files.lines import json_data, json_text, read, text_at
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text
from lint502.patterns import regex
from lint502.places import SourceFile

_NPM = ("npm-shrinkwrap.json", "package-lock.json")
_YARN_ENTRY = regex(r"^(?P<keys>\S[^\n]*):\r?\n(?P<body>(?:[ \t][^\n]*(?:\n|\Z))+)", re.MULTILINE)
_YARN_VERSION = regex(r'^  version:? "?(?P<version>[^"\s]+)"?', re.MULTILINE)
_KEY = regex(r"""^(?P<indent> *)(?! )(?P<quote>['"]?)(?P<key>[^'":\n]+)(?P=quote):(?P<rest>.*)$""")
_DEPENDENCIES = ("dependencies", "optionalDependencies")


def versions(repository: Repository, folder: str, part: str, name: str) -> Iterator[Text]:
    """The versions of a package that the files of a folder pin for the program in ``part``."""
    for lock in _NPM:
        source = read(repository, folder, lock)
        if source is not None:
            yield from _npm(source, part, name)
            break
    source = read(repository, folder, "yarn.lock")
    if source is not None:
        yield from _yarn(repository, source, folder, part, name)
    source = read(repository, folder, "pnpm-lock.yaml")
    if source is not None:
        yield from _pnpm(source, part, name)


def _npm(source: SourceFile, part: str, name: str) -> Iterator[Text]:
    """``package-lock.json``, versions 1 to 3."""
    data = json_data(source)
    packages = data.get("packages")
    if isinstance(packages, dict):
        if part and part not in packages:
            return
        keys = [f"{part}/node_modules/{name}"] if part else []
        keys.append(f"node_modules/{name}")
        key = next((one for one in keys if one in packages), None)
    elif not part and isinstance(data.get("dependencies"), dict):
        key = name if name in data["dependencies"] else None
        packages = data["dependencies"]
    else:
        return
    entry = packages.get(key) if key is not None else None
    version = entry.get("version") if isinstance(entry, dict) else None
    if isinstance(version, str) and key is not None:
        yield json_text(source, key, version)


def _yarn(
    repository: Repository, source: SourceFile, folder: str, part: str, name: str
) -> Iterator[Text]:
    """``yarn.lock`` of either kind: the entry for what ``package.json`` asks for."""
    if part and f'@workspace:{part}"' not in source.text:
        return
    package = read(repository, f"{folder}/{part}" if part else folder, "package.json")
    data = {} if package is None else json_data(package)
    wanted = None
    for key in _DEPENDENCIES:
        asked = data.get(key)
        if isinstance(asked, dict) and isinstance(asked.get(name), str):
            wanted = asked[name]
    if wanted is None:
        return
    keys = {f"{name}@{wanted}", f"{name}@npm:{wanted}"}
    for match in _YARN_ENTRY.finditer(source.text):
        if keys.isdisjoint(one.strip(" \"'") for one in match["keys"].split(",")):
            continue
        version = _YARN_VERSION.search(source.text, match.start("body"), match.end("body"))
        if version is not None:
            yield text_at(source, version.start("version"), version.end("version"))


def _pnpm(source: SourceFile, part: str, name: str) -> Iterator[Text]:
    """``pnpm-lock.yaml``: the direct dependencies of the program, read by their indentation."""
    if name not in source.text:
        return
    importer = part or "."
    wanted: list[tuple[str, ...]] = [("importers", importer, kind, name) for kind in _DEPENDENCIES]
    if not part:
        wanted += [(kind, name) for kind in _DEPENDENCIES]
    path: list[tuple[int, str]] = []
    offset = 0
    for line in source.text.split("\n"):
        match = _KEY.match(line.rstrip("\r"))
        start, offset = offset, offset + len(line) + 1
        if match is None:
            continue
        indent = len(match["indent"])
        if indent == 0 and match["key"] in ("packages", "snapshots"):
            return
        while path and path[-1][0] >= indent:
            path.pop()
        path.append((indent, match["key"]))
        keys = tuple(key for _, key in path)
        rest = match["rest"].strip()
        if rest and (keys in wanted or (keys[-1] == "version" and keys[:-1] in wanted)):
            version = re.match(r"['\"]?(\d[\w.+-]*)", rest)
            if version is not None:
                begin = start + line.index(version[1], match.start("rest"))
                yield text_at(source, begin, begin + len(version[1]))
