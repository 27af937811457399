"""The pages of the rules: ``rules/NAME.md``, which travel in the wheel as ``lint502/rules/``."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from msgspec import Struct, field
from msgspec.structs import asdict

from lint502.findings import Frequency, Severity
from lint502.nginx.version import NEWEST_PATCH, Version
from lint502.patterns import regex

HEADINGS = ("What it means", "Why it answers 502", "Example", "Instead", "References")
"""What every page has, in this order."""

_FENCE = regex(r" {0,3}(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*")
_CONDITION = regex(r"(>=|<=|>|<)(\d+\.\d+(?:\.\d+)?)")
_COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_REQUIRED = {"severity": str, "summary": str, "nginx": str}
_OPTIONAL = {"status": int, "frequency": str, "sometimes": str, "log": str}


class PageError(Exception):
    """A page that is missing or has not the form of a page."""


class Facts(Struct, frozen=True):
    """What the front matter of a page states.

    ``status`` is what the client sees, ``frequency`` how often, ``log`` the line of nginx's error
    log; all None for a rule of severity info. ``nginx`` are the versions that it is about, such as
    ``>=1.18``; in those of ``sometimes`` it does not happen always, as it does in the others.
    """

    severity: Severity
    status: int | None
    frequency: Frequency | None
    log: str | None
    nginx: str
    summary: str
    sometimes: str | None = None


class Page(Facts, frozen=True):
    """A rule as its page states it: ``body`` is the Markdown after the front matter, ``sections``
    the text below each heading."""

    name: str = ""
    body: str = ""
    sections: Mapping[str, str] = field(default_factory=dict)

    def holds_in(self, version: Version) -> bool:
        """Whether the rule is about this version of nginx."""
        return covers(self.nginx, version)

    def frequency_in(self, version: Version) -> Frequency | None:
        """How often the client sees it with this version of nginx."""
        if self.sometimes is not None and covers(self.sometimes, version):
            return "sometimes"
        return self.frequency

    def blocks(self, heading: str, language: str) -> tuple[str, ...]:
        """The texts of the fenced blocks in a language, such as ``nginx``, below a heading."""
        return tuple(
            block.text for block in blocks(self.sections[heading]) if block.language == language
        )


def covers(conditions: str, version: Version) -> bool:
    """Whether ``>=1.18, <1.29.7`` holds for a version. A condition of two numbers, such as 1.18,
    is about the first version of its branch. Raises :class:`PageError` for what is none."""
    return all(_holds(condition.strip(), version) for condition in conditions.split(","))


def _holds(condition: str, version: Version) -> bool:
    match = _CONDITION.fullmatch(condition)
    if match is None:
        raise PageError(f"{condition!r} is not a condition such as >=1.18")
    bound = Version.parse(match[2])
    first = bound._replace(patch=0) if bound.patch == NEWEST_PATCH else bound
    return bool(_COMPARE[match[1]](version, first))


class CodeBlock(Struct, frozen=True):
    """A fenced block: its language and its text, which ends with a line end."""

    language: str
    text: str


def folder() -> Path:
    """Where the pages are: in the package, or beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / "rules"
    return inside if inside.is_dir() else package.parent / "rules"


def page(rule: str, pages: Path | None = None) -> Page:
    """The page of a rule, out of :func:`folder` or another one. Raises :class:`PageError`."""
    path = (folder() if pages is None else pages) / f"{rule}.md"
    text = _text(path)
    try:
        return parse(rule, text)
    except PageError as error:
        raise PageError(f"{path}: {error}") from None


@cache
def facts(rule: str) -> Facts:
    """What the page of a rule states, without the rest of it. Raises :class:`PageError`."""
    path = folder() / f"{rule}.md"
    text = _text(path)
    try:
        return _facts(_split(text)[1])
    except PageError as error:
        raise PageError(f"{path}: {error}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PageError(f"{path} cannot be read: {error}") from None


def parse(rule: str, text: str) -> Page:
    """A page out of its text. Raises :class:`PageError`."""
    opening, front, body = _split(text)
    if opening:
        raise PageError("a page starts with its front matter, between two lines +++")
    facts = _facts(front)
    body = body.strip("\n") + "\n"
    titles = [title for level, title in _headings(body) if level == 1]
    if titles != [rule]:
        raise PageError(f"its title must be {rule!r}, once, not {titles}")
    sections = dict(_sections(body))
    headings = tuple(title for level, title in _headings(body) if level == 2)
    if headings != HEADINGS:
        raise PageError(f"its headings must be {', '.join(HEADINGS)}, not {', '.join(headings)}")
    return Page(**asdict(facts), name=rule, body=body, sections=sections)


def _facts(front: str) -> Facts:
    found = _front_matter(front)
    return Facts(
        severity=Severity(found["severity"]),
        status=found.get("status"),
        frequency=cast("Literal['always', 'sometimes'] | None", found.get("frequency")),
        log=found.get("log"),
        nginx=found["nginx"],
        summary=found["summary"],
        sometimes=found.get("sometimes"),
    )


def blocks(text: str) -> tuple[CodeBlock, ...]:
    """The fenced blocks of a Markdown text, in their order."""
    result: list[CodeBlock] = []
    fence, language, content = "", "", ""
    for line in text.splitlines(keepends=True):
        match = _FENCE.fullmatch(line.rstrip("\n"))
        if not fence:
            if match is not None:
                fence, language, content = match[1], match[2], ""
        elif match is not None and not match[2] and match[1].startswith(fence):
            result.append(CodeBlock(language, content))
            fence = ""
        else:
            content += line
    if fence:
        raise PageError(f"a block that starts with {fence} is not closed")
    return tuple(result)


def _split(text: str) -> tuple[str, str, str]:
    """What stands before the front matter (nothing, if all is well), it, and what follows."""
    parts = re.split(r"^\+\+\+[ \t]*\n", text, maxsplit=2, flags=re.MULTILINE)
    if len(parts) != 3:
        raise PageError("a page starts with its front matter, between two lines +++")
    return parts[0], parts[1], parts[2]


def _front_matter(text: str) -> dict[str, Any]:
    import tomli

    try:
        facts = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise PageError(f"its front matter is not valid TOML: {error}") from None
    for key, kind in _REQUIRED.items():
        if type(facts.get(key)) is not kind:
            raise PageError(f"its front matter needs {key}, a {kind.__name__}")
    for key, value in facts.items():
        known = _REQUIRED.get(key) or _OPTIONAL.get(key)
        if known is None:
            raise PageError(f"its front matter has an unknown key: {key}")
        if type(value) is not known:
            raise PageError(f"{key} in its front matter must be a {known.__name__}")
    if facts["severity"] not in [severity.value for severity in Severity]:
        raise PageError("severity in its front matter must be error, warning or info")
    if facts.get("frequency") not in (None, "always", "sometimes"):
        raise PageError("frequency in its front matter must be always or sometimes")
    return facts


def _headings(body: str) -> Iterator[tuple[int, str]]:
    for line, heading in _lines(body):
        if heading:
            marks, _, title = line.partition(" ")
            yield len(marks), title.strip()


def _sections(body: str) -> Iterator[tuple[str, str]]:
    """Each heading of the second level with the text below it."""
    title, text = "", ""
    for line, heading in _lines(body):
        if heading and line.startswith("## "):
            if title:
                yield title, text.strip("\n") + "\n"
            title, text = line[3:].strip(), ""
        else:
            text += line
    if title:
        yield title, text.strip("\n") + "\n"


def _lines(body: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is a heading: not in a fenced block, where ``#`` is a comment."""
    fence = ""
    for line in body.splitlines(keepends=True):
        match = _FENCE.fullmatch(line.rstrip("\n"))
        if match is not None and not fence:
            fence = match[1]
        elif match is not None and not match[2] and match[1].startswith(fence):
            fence = ""
        yield line, not fence and re.match(r"#{1,6} ", line) is not None
