"""Facts out of words: addresses, times, sizes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.words import UNKNOWN, Word
from lint502.nginx.addresses import literal_ip
from lint502.patterns import regex
from lint502.places import Place
from lint502.standing import Standing

ALL = "0.0.0.0"

_NAMED = regex(r"localhost|ip6-localhost")
_SCHEME = regex(r"(https?|tcp|unix|ssl|fd)://", re.IGNORECASE)


def stated(value: Any, word: Word) -> Fact[Any]:
    """A fact that a word states."""
    return Fact(value, word.place, word.standing)


def default(value: Any, place: Place, server: str, source: str) -> Fact[Any]:
    """A fact that nothing states: the default of a server, which ``source`` documents."""
    return Fact(value, place, Standing.DEFAULT, server, source)


def assumed(value: Any, place: Place, server: str, source: str) -> Fact[Any]:
    """A default that may not be in force, and nothing says so: that of an image, or of a server
    whose own code can set another one."""
    return Fact(value, place, Standing.ASSUMED, server, source)


def speaks(protocol: str, place: Place, server: str | None = None) -> dict[str, Fact[Any]]:
    """What a program that is recognised says by being run: its protocol, its profile."""
    facts: dict[str, Fact[Any]] = {}
    if server is not None:
        facts["server"] = Fact(server, place, Standing.STATED)
    facts["protocol"] = Fact(protocol, place, Standing.STATED)
    return facts


def port(word: Word | None) -> int | None:
    """A port as a word writes it; None where it is none, or not known."""
    if word is None or not word.text.isascii() or not word.text.isdigit() or len(word.text) > 5:
        return None
    number = int(word.text)
    return number if 0 < number < 65536 else None


def port_fact(word: Word | None) -> dict[str, Fact[Any]]:
    """``{"port": …}``, nothing where the word is no port that is known."""
    number = port(word)
    return {} if word is None or number is None else {"port": stated(number, word)}


def bind_fact(word: Word | None) -> dict[str, Fact[Any]]:
    """``{"bind": …}`` for a host as a word writes it; nothing where that is no address."""
    if word is None or not word.known:
        return {}
    host = word.text.strip("[]").lower()
    if host in ("*", "") or literal_ip(host) is not None or _NAMED.fullmatch(host):
        return {"bind": stated((host or ALL,), word)}
    return {}


def socket_fact(word: Word | None, folder: str = "/") -> dict[str, Fact[Any]]:
    """``{"socket": …}`` for the path of a unix socket."""
    if word is None or not word.known or not word.text or word.text.startswith("@"):
        return {}
    path = word.text if word.text.startswith("/") else f"{folder.rstrip('/')}/{word.text}"
    return {"socket": stated(path, word)}


def address(
    word: Word, usual: Word | None = None, folder: str = "/", host: str | None = None
) -> dict[str, Fact[Any]]:
    """The facts of ``host:port``, ``:port``, ``[::]:port``, ``unix:/path``, ``tcp://…``.

    ``usual`` is the port where none is written, ``host`` the address where none is.
    """
    text = word.text
    scheme = ""
    if match := _SCHEME.match(text):
        scheme, text = match[1].lower(), text[match.end() :]
    elif text.startswith("unix:"):
        scheme, text = "unix", text[5:]
    if scheme == "unix":
        return socket_fact(word.cut(text), folder)
    if scheme == "fd":
        return {}
    text = text.partition("/")[0] if scheme else text
    name, colon, number = text.rpartition(":")
    if text.startswith("[") and text.endswith("]"):
        name, colon, number = text, "", ""
    elif not colon:
        name, number = text, ""
        if UNKNOWN in name:
            return {}
    facts = port_fact(word.cut(number)) if colon else port_fact(usual)
    if not name and host is not None:
        name = host
    return {**facts, **bind_fact(word.cut(name))}


def time_fact(key: str, word: Word | None, unit: int = 1000) -> dict[str, Fact[Any]]:
    """A time in whole or broken units of ``unit`` milliseconds; nothing where it is 0 or not
    known."""
    if word is None or not re.fullmatch(r"\d{1,9}(?:\.\d{1,6})?", word.text, re.ASCII):
        return {}
    milliseconds = int(float(word.text) * unit)
    return {key: stated(milliseconds, word)} if milliseconds else {}


def size_fact(key: str, word: Word | None) -> dict[str, Fact[Any]]:
    """A size in bytes; nothing where it is 0 or not known."""
    if word is None or not re.fullmatch(r"\d{1,12}", word.text, re.ASCII) or not int(word.text):
        return {}
    return {key: stated(int(word.text), word)}


def mode_fact(word: Word | None) -> dict[str, Fact[Any]]:
    """The permissions of a socket, written in octal."""
    if word is None or not re.fullmatch(r"0?o?[0-7]{3}", word.text, re.ASCII):
        return {}
    return {"socket.mode": stated(int(word.text.replace("o", ""), 8), word)}


def is_set(word: Word | None) -> bool | None:
    """Whether an option has a value that is not empty; None where that is not known."""
    if word is None:
        return False
    return None if word.text == UNKNOWN else bool(word.text)


def placed(facts: Mapping[str, Fact[Any]]) -> bool:
    """Whether the facts say where it listens."""
    return "port" in facts or "socket" in facts
