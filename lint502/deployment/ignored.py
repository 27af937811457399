"""The patterns of a ``.dockerignore``, and those of COPY: Go's ``filepath.Match``, and ``**``.

https://docs.docker.com/build/concepts/context/#dockerignore-files and
https://pkg.go.dev/path/filepath#Match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

MAX_PATTERNS = 2_000


def patterns(text: str) -> tuple[str, ...]:
    """The patterns of a file, an exception with ``!`` in front."""
    found: list[str] = []
    for line in text.split("\n"):
        if line.startswith("#") or not (bare := line.strip()):
            continue
        mark = "!" if bare.startswith("!") else ""
        parts = _clean(bare.removeprefix("!").strip())
        if parts:
            found.append(mark + "/".join(parts))
    return tuple(found[:MAX_PATTERNS])


def ignored(path: str, wanted: Sequence[str]) -> bool:
    """Whether the last of some patterns that fits a path, or a folder above it, excludes it."""
    parts = path.split("/")
    found = False
    for pattern in wanted:
        kept = pattern.startswith("!")
        if kept is found and _fits(parts, pattern.lstrip("!").strip("/").split("/")):
            found = not kept
    return found


def below(folder: str, wanted: Iterable[str]) -> tuple[str, ...]:
    """Patterns as they read from a folder, given by its path from where they read now."""
    if folder in ("", "."):
        return tuple(wanted)
    found: list[str] = []
    for pattern in wanted:
        mark = "!" if pattern.startswith("!") else ""
        rests = {tuple(pattern.lstrip("!").strip("/").split("/"))}
        for part in folder.split("/"):
            rests = {rest for one in rests for rest in _behind(one, part)}
        found += (mark + ("/".join(rest) or "**") for rest in sorted(rests))
    return tuple(found[:MAX_PATTERNS])


def matches(name: str, pattern: str) -> bool:
    """Whether a name without slashes fits a pattern: ``*``, ``?``, ``[a-z]``, ``[^a]``, ``\\*``."""
    tests = list(_tests(pattern))
    reached = {0}
    for test in tests:
        if test is None:
            reached = set(range(min(reached), len(name) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(name) and test(name[at])}
        if not reached:
            return False
    return len(name) in reached


def has_wildcards(pattern: str) -> bool:
    """Whether anything in a pattern is not what it looks like."""
    return any(character in pattern for character in "*?[\\")


def _clean(path: str) -> list[str]:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts[-1:] = []
        elif part not in ("", "."):
            parts.append(part)
    return parts


def _behind(pattern: tuple[str, ...], part: str) -> Iterator[tuple[str, ...]]:
    """What is left of a pattern once a part of a path has been read. An empty one fits all."""
    if not pattern:
        yield pattern
        return
    stars = next((at for at, one in enumerate(pattern) if one != "**"), len(pattern))
    if stars:
        yield pattern[stars - 1 :]
    if stars < len(pattern) and matches(part, pattern[stars]):
        yield pattern[stars + 1 :]


def _fits(parts: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether a pattern fits a path or a folder above it."""
    reached = {0}
    for pattern in wanted:
        if pattern == "**":
            reached = set(range(min(reached), len(parts) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(parts) and matches(parts[at], pattern)}
        if not reached:
            return False
    return True


def _tests(pattern: str) -> Iterator[Callable[[str], bool] | None]:
    """What each character has to be; None for any number of any."""
    at = 0
    while at < len(pattern):
        character = pattern[at]
        end = pattern.find("]", at + 2) if character == "[" else -1
        at += 1
        if character == "*":
            yield None
        elif character == "?":
            yield _anything
        elif end != -1:
            yield _one_of(pattern[at:end])
            at = end + 1
        else:
            if character == "\\" and at < len(pattern):
                character = pattern[at]
                at += 1
            yield character.__eq__


def _anything(character: str) -> bool:
    return True


def _one_of(written: str) -> Callable[[str], bool]:
    """Whether a character is one of ``[a-z]``, or none of ``[^a-z]``."""
    inverted = written[0] in "^!"
    written = written[1:] if inverted else written
    ranges: list[tuple[str, str]] = []
    at = 0
    while at < len(written):
        at += written[at] == "\\"
        first = last = written[at : at + 1]
        if written[at + 1 : at + 2] == "-" and at + 2 < len(written):
            last = written[at + 2]
            at += 2
        ranges.append((first, last))
        at += 1
    return lambda character: inverted != any(low <= character <= high for low, high in ranges)
