"""uWSGI: options on the command line, ``UWSGI_…`` variables and ini files.

Source: https://uwsgi-docs.readthedocs.io/en/latest/Configuration.html and Options.html
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.calls import NOTHING, Call, Result
from lint502.declared.sources.commands.facts import (
    address,
    mode_fact,
    size_fact,
    speaks,
    stated,
    time_fact,
)
from lint502.declared.sources.commands.ini import lines
from lint502.declared.sources.commands.words import UNKNOWN, Word, bounded
from lint502.deployment.texts import Unread
from lint502.places import SourceFile

Facts = dict[str, Fact[Any]]

MAX_FILES = 20

_SHORT = {
    "s": "socket",
    "p": "processes",
    "w": "module",
    "M": "master",
    "t": "harakiri",
    "b": "buffer-size",
    "C": "chmod-socket",
    "d": "daemonize",
    "l": "listen",
    "x": "xml",
    "y": "yaml",
    "j": "json",
    "H": "home",
}
_SOCKETS = {
    "socket": "uwsgi",
    "uwsgi-socket": "uwsgi",
    "suwsgi-socket": "uwsgi",
    "http-socket": "http",
    "http11-socket": "http",
    "https-socket": "http",
    "http": "http",
    "httprouter": "http",
    "http-to": "http",
    "https": "http",
    "fastcgi-socket": "fastcgi",
    "scgi-socket": "scgi",
}
_ROUTERS = ("http", "https", "httprouter")
_PROTOCOLS = {"uwsgi": "uwsgi", "http": "http", "fastcgi": "fastcgi", "scgi": "scgi"}
_FILES = ("ini", "include", "inherit")
_OTHER_FILES = ("xml", "yaml", "yml", "json", "emperor", "zerg", "ldap", "zmq")
_FLAGS = """
    master enable-threads vacuum die-on-term single-interpreter need-app lazy lazy-apps
    http-keepalive http-auto-chunked thunder-lock auto-procname no-orphans disable-logging
    so-keepalive honour-stdin strict show-config memory-report no-site py-auto-reload
"""


class _Options:
    """All options, in the order in which they count."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._files = 0
        self.options: list[tuple[str, Word]] = []
        self.unread: list[Unread] = []
        for name, word in call.variables.items():
            if name.startswith("UWSGI_") and name not in ("UWSGI_VERSION",):
                self._take(name[6:].lower().replace("_", "-"), word, {})
        self._line(list(call.arguments))

    def _line(self, words: list[Word]) -> None:
        while words:
            word = words.pop(0)
            text = word.text
            if text.startswith("--"):
                name, equals, value = text[2:].partition("=")
                if equals:
                    self._take(name, word.cut(value), {})
                elif words and not words[0].text.startswith("-") and name not in _FLAGS.split():
                    self._take(name, words.pop(0), {})
                else:
                    self._take(name, word.cut("true"), {})
            elif text.startswith("-") and len(text) > 1:
                name = _SHORT.get(text[1], "")
                if text[2:]:
                    self._take(name, word.cut(text[2:]), {})
                elif words and not words[0].text.startswith("-") and text[1] not in "MTLER":
                    self._take(name, words.pop(0), {})
            elif re.search(r"\.(ini|xml|ya?ml|json)(:\w+)?$", text):
                kind = text.rpartition(".")[2].partition(":")[0]
                self._take(kind, word, {})
            elif not word.known:
                self._cannot(word, "an option of uWSGI is not known")

    def _take(self, name: str, word: Word, magic: Mapping[str, str]) -> None:
        name = name.replace("_", "-")
        if name in _FILES:
            self._file(word)
        elif name in _OTHER_FILES:
            self._cannot(word, f"uWSGI's {name} is not read")
        else:
            self.options.append((name, word))

    def _file(self, word: Word) -> None:
        self._files += 1
        path, _, section = word.text.partition(":")
        source = None if not word.known or self._files > MAX_FILES else self._call.source(path)
        if source is None:
            self._cannot(word, "uWSGI's configuration cannot be read")
            return
        for name, value in self._lines(source, path, section or "uwsgi"):
            self._take(name, value, {})

    def _lines(self, source: SourceFile, path: str, section: str) -> Iterator[tuple[str, Word]]:
        full = self._call.path(path)
        magic = {
            "d": posixpath.dirname(full) + "/",
            "n": posixpath.basename(full).rpartition(".")[0],
            "s": posixpath.basename(full),
            "p": full,
            "c": posixpath.basename(posixpath.dirname(full)),
        }
        held: dict[str, str] = {}
        for line in lines(source):
            if line.section != section:
                continue
            key, value = line.key, line.value
            if key in ("if-env", "if-opt", "if-not-env", "for", "if-exists", "if-dir", "if-file"):
                self._cannot(value, "uWSGI's configuration has conditions")
            text = self._expanded(value, magic, held)
            if key in ("set", "set-ph", "set-placeholder"):
                name, _, content = text.text.partition("=")
                held[name.strip()] = content.strip()
            else:
                held[key] = text.text
            yield key, text

    def _expanded(self, word: Word, magic: Mapping[str, str], held: Mapping[str, str]) -> Word:
        found = word

        def variable(match: re.Match[str]) -> str:
            nonlocal found
            value = self._call.variables.get(match[1])
            if value is None:
                return UNKNOWN
            found = value
            return value.text

        text = re.sub(r"\$\((\w+)\)", variable, word.text)
        text = re.sub(r"%\(([^)]*)\)", lambda match: held.get(match[1].strip(), UNKNOWN), text)
        text = bounded(text)
        text = re.sub(r"%([a-zA-Z])(?!\()", lambda match: magic.get(match[1], UNKNOWN), text)
        return Word(text, found.place, min(found.standing, word.standing))

    def _cannot(self, word: Word, why: str) -> None:
        self.unread.append(Unread(word.place, why))

    def last(self, *names: str) -> Word | None:
        """The last value of an option."""
        return next((word for name, word in reversed(self.options) if name in names), None)


def _uwsgi(call: Call) -> Result:
    found = _Options(call)
    if found.last("version", "help") is not None:
        return NOTHING
    protocol = found.last("protocol")
    listeners = [
        {**_common(call, found, name), **_at(call, found, name, word), **_spoken(name, protocol)}
        for name, word in found.options
        if name in _SOCKETS
    ]
    return Result(
        ("uwsgi",),
        tuple(listeners),
        not found.unread,
        tuple(found.unread),
        found.last("daemonize", "daemonize2") is not None,
    )


def _at(call: Call, found: _Options, name: str, word: Word) -> Facts:
    parts = word.text.split(",")
    text = parts[0].strip()
    if text.startswith("="):
        return {}
    if not text.startswith("unix:") and ("/" in text or ":" not in text):
        router = f":{text}" if name in _ROUTERS else text
        text = router if text.isdigit() else f"unix:{text}"
    if ":" not in text:
        return {}
    host = re.match(r"[\w.-]+$", text.rpartition(":")[0])
    facts = address(word.cut(text), folder=call.folder, host=None if host else "0.0.0.0")
    if "socket" in facts:
        facts |= _permissions(found)
    secure = name in ("https", "https-socket", "suwsgi-socket")
    return facts | ({"tls": stated(True, word)} if secure else {"tls": stated(False, word)})


def _permissions(found: _Options) -> Facts:
    """Mode and owner of a socket. ``chmod-socket`` without a value is 666."""
    facts: Facts = {}
    mode = found.last("chmod-socket", "chmod")
    if mode is not None:
        facts |= mode_fact(mode.cut("666") if mode.text in ("true", "") else mode)
    owner = found.last("chown-socket")
    if owner is not None and owner.known:
        name, _, group = owner.text.partition(":")
        if name:
            facts["socket.owner"] = stated(name, owner)
        if group:
            facts["socket.group"] = stated(group, owner)
    return facts


def _spoken(name: str, protocol: Word | None) -> Facts:
    """``protocol`` changes what plain sockets speak."""
    if name != "socket" or protocol is None:
        return {}
    spoken = _PROTOCOLS.get(protocol.text)
    return {"protocol": stated(spoken, protocol)} if spoken else {}


def _common(call: Call, found: _Options, name: str) -> Facts:
    facts = speaks(_SOCKETS[name], call.place, None if found.unread else "uwsgi")
    if name == "http11-socket":
        facts.pop("server", None)
    facts |= size_fact("limits.request_headers", found.last("buffer-size"))
    harakiri = time_fact("timeouts.request", found.last("harakiri"))
    if name in _ROUTERS:
        router = time_fact("timeouts.request", found.last("http-timeout"))
        source = router or {}
        harakiri = _shorter(harakiri, source)
    kept = found.last("http-keepalive") if name in _ROUTERS else None
    if kept is not None and kept.text not in ("0", "false"):
        facts.pop("server", None)
        facts["keepalive"] = stated(True, kept)
    return facts | harakiri | size_fact("limits.request_body", found.last("limit-post"))


def _shorter(*several: Facts) -> Facts:
    given: Iterable[Facts] = (one for one in several if one)
    return min(given, key=lambda one: int(one["timeouts.request"].value), default={})


PROGRAMS: Mapping[str, Callable[[Call], Result]] = {
    "uwsgi": _uwsgi,
    "pyuwsgi": _uwsgi,
    "uwsgi-core": _uwsgi,
}
