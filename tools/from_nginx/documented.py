"""What nginx's documentation and its list of changes say, in XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple
from xml.etree import ElementTree

_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\w+);)\w+;")


class Documented(NamedTuple):
    """A directive as its page has it: ``defaults`` are texts, ``contexts`` as ``"if in location"``,
    ``appeared`` the release that brought it, if the page says so."""

    module: str
    name: str
    contexts: tuple[str, ...]
    defaults: tuple[str, ...]
    appeared: str | None


class Entry(NamedTuple):
    """An entry of the list of changes: ``kind`` is ``change``, ``feature``, ``bugfix``…"""

    kind: str
    text: str


class Release(NamedTuple):
    """A release with its day and its entries."""

    version: str
    date: str
    entries: tuple[Entry, ...]


def documented(page: str) -> Iterator[Documented]:
    """The directives of a module's page (``xml/en/docs/http/ngx_http_proxy_module.xml``)."""
    root = _parsed(page)
    module = root.get("name", "").removeprefix("Module ")
    for one in root.iter("directive"):
        yield Documented(
            module,
            one.get("name", ""),
            tuple(map(_text, one.findall("context"))),
            tuple(text for text in map(_text, one.findall("default")) if text),
            next(map(_text, one.findall("appeared-in")), None),
        )


def released(changes: str) -> Iterator[Release]:
    """The releases of ``docs/xml/nginx/changes.xml``, in English, the newest first."""
    changes = changes.replace("<br/>", " ")
    for one in _parsed(changes).iter("changes"):
        entries = (
            Entry(change.get("type") or "other", _text(para))
            for change in one.findall("change")
            for para in change.findall("para")
            if para.get("lang") == "en"
        )
        yield Release(one.get("ver", ""), one.get("date", ""), tuple(entries))


def _parsed(text: str) -> ElementTree.Element:
    """XML whose entities are those of HTML: their names stand in a DTD that is not read."""
    return ElementTree.fromstring(_ENTITY.sub(lambda match: unescape(match[0]), text))


def _text(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())
