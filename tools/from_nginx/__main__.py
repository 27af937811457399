"""Writes the tables.

``python -m tools.from_nginx NGINX NGINX_ORG [OWNER/NAME=CLONE…]``: clones of nginx with its tags,
of its documentation, and of those repositories of ``others.toml`` whose rows are to be written
anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import tomli

from lint502.nginx.version import Version
from tools.from_nginx import changelog, clones, others, table
from tools.from_nginx.commands import Command, commands
from tools.from_nginx.documented import Documented, Entry, Release, documented, released

HERE = Path(__file__).parent
OUTPUT = HERE.parent.parent / "lint502" / "nginx"
_SOURCE = "https://github.com"
_COMMERCIAL = "nginx's documentation"


def main() -> None:
    """Write the files."""
    nginx, nginx_org, *rest = sys.argv[1:]
    later, repositories = _toml(HERE / "later.toml"), _toml(HERE / "others.toml")
    given = dict(one.split("=", 1) for one in rest)
    write(nginx, nginx_org, later, repositories, given, OUTPUT)


def write(
    nginx: str,
    nginx_org: str,
    later: Mapping[str, Any],
    repositories: Mapping[str, Any],
    given: Mapping[str, str],
    output: Path,
) -> None:
    """Write the tables into a folder. ``later`` and ``repositories`` are what ``later.toml`` and
    ``others.toml`` have, ``given`` the clones of such repositories by their names."""
    by_release = found_commands(nginx, later)
    releases = changelog.known((*_released(nginx), *_later(later)))
    known = {one.name for commands in by_release.values() for one in commands}
    rows = (
        *_kept(repositories, given, output / "other_modules.toml"),
        *_of_clones(repositories, given, known),
        _not_in_the_repository(nginx_org, known),
    )
    texts = {
        "directive_table.toml": table.table(by_release),
        "releases.toml": changelog.releases(releases),
        "changelog.toml": changelog.changes(releases),
        "other_modules.toml": others.table(rows),
    }
    for name, text in texts.items():
        (output / name).write_text(text, encoding="utf-8")


def found_commands(nginx: str, later: Mapping[str, Any]) -> Mapping[Version, list[Command]]:
    """The directives of each release, the oldest first, those of a later one beside those of the
    newest that the clone has."""
    files = clones.Files(nginx, ("src/*.c",))
    found = {
        release: [one for all_of in files.each(clones.tag(release), commands) for one in all_of]
        for release in clones.releases(nginx)
    }
    before = found[max(found)]
    for release in sorted(Version.parse(one["version"]) for one in later["release"]):
        if release > max(found):
            before = [*before, *_commands_of(later, release)]
            found[release] = before
    return found


def _commands_of(later: Mapping[str, Any], release: Version) -> Iterator[Command]:
    for one in later["directive"]:
        if one["since"] == str(release):
            contexts = tuple(one["contexts"].split())
            yield Command(one["module"], one["name"], contexts, frozenset(one["takes"].split()))


def _released(nginx: str) -> Iterator[Release]:
    """What the list of changes says of each branch: that of its newest tag."""
    newest = {release[:2]: clones.tag(release) for release in clones.releases(nginx)}
    for tag in newest.values():
        yield from released(clones.text(nginx, tag, "docs/xml/nginx/changes.xml"))


def _later(later: Mapping[str, Any]) -> Iterator[Release]:
    for one in later["release"]:
        entries = (Entry(kind, text) for kind in changelog.KINDS for text in one.get(kind, ()))
        yield Release(one["version"], str(one["date"]), tuple(entries))


def _of_clones(
    repositories: Mapping[str, Any], given: Mapping[str, str], known: Iterable[str]
) -> Iterator[others.Module]:
    own = frozenset(known)
    for name, row in repositories.items():
        clone = given.get(row["repository"])
        if clone is None:
            continue
        commit, day = clones.last_commit(clone)
        files = clones.Files(clone, ("*.c", "*.h", "*.cc", "*.cpp", "*.rs"))
        names = frozenset(row.get("names", "").split())
        names = names.union(*files.each(commit, others.names_in)) - own
        source = f"{_SOURCE}/{row['repository']}/tree/{commit[:12]}"
        yield others.Module(name, source, day, names, tuple(row.get("prefixes", ())))


def _kept(
    repositories: Mapping[str, Any], given: Mapping[str, str], file: Path
) -> Iterator[others.Module]:
    """The rows of repositories of which no clone is given, as they are."""
    for name, row in _toml(file).items() if file.exists() else ():
        if name in repositories and repositories[name]["repository"] not in given:
            yield others.Module(
                name,
                row["source"],
                str(row["read"]),
                frozenset(row["names"].split()),
                tuple(row.get("prefixes", ())),
            )


def _not_in_the_repository(nginx_org: str, known: Iterable[str]) -> others.Module:
    commit, day = clones.last_commit(nginx_org)
    files = clones.Files(nginx_org, ("xml/en/docs/*_module.xml",))

    def directives(path: str, text: str) -> tuple[Documented, ...]:
        return tuple(documented(text))

    pages = [one for page in files.each(commit, directives) for one in page]
    names = frozenset[str]().union(*others.undocumented(pages, known).values())
    return others.Module(_COMMERCIAL, f"{_SOURCE}/nginx/nginx.org/tree/{commit[:12]}", day, names)


def _toml(file: Path) -> Mapping[str, Any]:
    return tomli.loads(file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
