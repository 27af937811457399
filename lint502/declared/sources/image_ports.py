"""Where an image listens by itself, as far as nothing else says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lint502.declared.listeners import Fact
from lint502.declared.sources.facts import Facts
from lint502.deployment.containers import Program
from lint502.deployment.images import ImagePort, ImageSetting, KnownImage
from lint502.deployment.texts import UNKNOWN, Text
from lint502.places import Place
from lint502.standing import Standing

_YES = frozenset(("1", "true", "yes", "on", "enabled"))
_NO = frozenset(("0", "false", "no", "off", "disabled", ""))


def runs_its_own(image: KnownImage, program: Program) -> bool:
    """Whether the server of an image is what runs, and no other program of somebody's own."""
    if not image.runs:
        return False
    words = program.words.words if program.words is not None else ()
    if not words or words[0].startswith("-"):
        return True
    return any(image.runs_as(word) for word in words[:2])


def image_listeners(image: KnownImage, program: Program) -> list[Facts]:
    """The facts of each port on which an image listens, by the keys of ``upstreams.toml``."""
    if program.image is None or not runs_its_own(image, program):
        return []
    found = (_listener(image, port, program, program.image.place) for port in image.ports)
    return [facts for facts in found if facts is not None]


def _listener(image: KnownImage, port: ImagePort, program: Program, place: Place) -> Facts | None:
    """The facts of one port; None where a setting turns it off."""

    def assumed(value: Any) -> Fact[Any]:
        return Fact(value, place, Standing.ASSUMED, f"the image {image.name}", source=port.source)

    facts: dict[str, Fact[Any]] = {"port": assumed(port.number), "protocol": assumed(port.protocol)}
    if port.tls is not None:
        facts["tls"] = assumed(port.tls)
    if port.http_versions:
        facts["http_versions"] = assumed(port.http_versions)
    if port.proxy_protocol:
        facts["proxy_protocol"] = assumed(True)
    if image.server is not None and not port.what:
        facts["server"] = Fact(image.server, place, Standing.STATED, what=f"image {image.name}")
    for setting, value in _given(image, program):
        if setting.of == port.number and not _apply(setting, value, facts):
            return None
    return facts


def _given(image: KnownImage, program: Program) -> Iterator[tuple[ImageSetting, Text]]:
    """The settings of an image that a program is given, those of the command last."""
    for setting in image.variables:
        if setting.name in program.environment:
            yield setting, program.environment[setting.name]
        elif setting.name in program.unknown and program.words is not None:
            yield setting, Text(UNKNOWN, program.words.place)
        elif setting.name in program.unknown and program.image is not None:
            yield setting, Text(UNKNOWN, program.image.place)
    words = program.words.words if program.words is not None else ()
    for setting in image.arguments:
        for index, word in enumerate(words):
            assert program.words is not None
            name, equals, value = word.partition("=")
            if name != setting.name:
                continue
            if not equals:
                value = words[index + 1] if index + 1 < len(words) else ""
            yield setting, Text(value, program.words.place, program.words.example)


def _apply(setting: ImageSetting, value: Text, facts: dict[str, Fact[Any]]) -> bool:
    """Put a setting into the facts of its port; whether there is a listener at all."""
    text = value.value.strip()
    standing = Standing.HINTED if value.example else Standing.STATED

    def stated(one: Any) -> Fact[Any]:
        return Fact(one, value.place, standing, what=setting.name)

    if setting.form in ("port", "address", "ports", "urls", "tls-ports"):
        numbers = _numbers(setting.form, text)
        if len(numbers) == 1:
            facts["port"] = stated(numbers[0])
        else:
            facts.pop("port", None)
        if setting.form == "urls" and UNKNOWN not in text:
            facts["tls"] = stated(text.lower().startswith("https:"))
    elif setting.form in ("scheme", "tls"):
        secure = {"https": True, "http": False}.get(text.lower(), _switch(text))
        facts.pop("tls", None)
        if secure is not None:
            facts["tls"] = stated(secure)
    elif setting.form == "tls-file":
        facts.pop("tls", None)
        if text and UNKNOWN not in text:
            facts["tls"] = stated(True)
    elif setting.form == "path":
        facts.pop("port", None)
        if text.startswith("/") and UNKNOWN not in text:
            facts["socket"] = stated(text)
    elif setting.form == "listens":
        return _switch(text) is not False
    return True


def _numbers(form: str, text: str) -> list[int]:
    parts = text.replace(",", ";").split(";") if form in ("ports", "urls", "tls-ports") else [text]
    found = []
    for part in parts:
        number = part.strip().rstrip("/").rpartition(":")[2]
        if number.isascii() and number.isdigit() and 0 < int(number[:6]) < 65536:
            found.append(int(number))
    return found if len(found) == len(parts) else []


def _switch(text: str) -> bool | None:
    small = text.lower()
    return True if small in _YES else False if small in _NO else None
