"""Spring Boot's and Quarkus' configuration: properties and YAML files, variables, arguments.

Sources: https://docs.spring.io/spring-boot/reference/features/external-config.html (the order in
which they count), https://docs.spring.io/spring-boot/appendix/application-properties/,
https://quarkus.io/guides/config-reference
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lint502.declared.sources.commands.calls import Call
from lint502.declared.sources.commands.words import UNKNOWN, Word, bounded
from lint502.deployment.yaml import Yaml, YamlList, YamlMap, YamlText, documents
from lint502.places import Place, SourceFile
from lint502.reading import UnreadableError

_DEPTH = 12
_FOLDERS = ("config/", "", "src/main/resources/config/", "src/main/resources/")
"""Those that count more come first."""

Properties = dict[str, Word]


class Settings:
    """The settings of an application, from all that may set them."""

    def __init__(self, call: Call, arguments: Properties, system: Properties) -> None:
        self._call = call
        self._arguments = arguments
        self._system = system
        self.found = False
        """Whether there is a file of settings."""
        self.whole = call.variable("SPRING_CONFIG_LOCATION", "SPRING_CONFIG_IMPORT") is None
        self._files: list[Properties] = []
        base, others = self._read("application")
        profiles = self._profiles(base)
        for profile in reversed(profiles):
            named, _ = self._read(f"application-{profile}")
            self._files.append(named)
            self._files += [
                one for condition, one in others if _holds(condition, frozenset(profiles))
            ]
        self._files.append(base)
        self._files.append(self._read("bootstrap")[0])

    def get(self, *names: str) -> Word | None:
        """The value of the first of several settings that is set."""
        return next((word for name in names if (word := self._one(name)) is not None), None)

    def _one(self, name: str) -> Word | None:
        variable = re.sub(r"[^A-Z0-9]", "_", name.upper().replace("-", ""))
        plain = re.sub(r"[^A-Z0-9]", "_", name.upper())
        word = (
            self._arguments.get(name)
            or self._system.get(name)
            or self._call.variable(variable, plain)
        )
        if word is None:
            dashed = name.replace("-", "").lower()
            word = next(
                (
                    value
                    for file in self._files
                    for key, value in file.items()
                    if key.replace("-", "").lower() == dashed
                ),
                None,
            )
        return None if word is None else self._expanded(word, 0)

    def _profiles(self, base: Properties) -> Sequence[str]:
        name = "spring.profiles.active"
        word = (
            self._arguments.get(name)
            or self._system.get(name)
            or self._call.variable("SPRING_PROFILES_ACTIVE")
            or base.get(name)
        )
        if word is None:
            return ("default",)
        text = self._expanded(word, 0).text
        if UNKNOWN in text:
            self.whole = False
            return ()
        return tuple(one.strip() for one in text.split(",") if one.strip())

    def _read(self, stem: str) -> tuple[Properties, list[tuple[str, Properties]]]:
        """What the files of a name say always, and what they say in some profiles."""
        always: Properties = {}
        sometimes: list[tuple[str, Properties]] = []
        for folder in _FOLDERS:
            for ending in ("properties", "yml", "yaml"):
                source = self._call.source(f"{folder}{stem}.{ending}")
                if source is None:
                    continue
                self.found = True
                for condition, one in _sections(source, ending):
                    if condition:
                        sometimes.append((condition, one))
                    else:
                        always = {**one, **always}
        return always, sometimes

    def _expanded(self, word: Word, depth: int) -> Word:
        """With ``${NAME:other}`` put in."""
        match = re.search(r"\$\{([^${}]*)\}", word.text)
        if match is None or depth > _DEPTH:
            return word
        name, colon, other = match[1].partition(":")
        known = self._call.variables.get(name) or self._one_of(name, depth)
        if known is not None:
            text = known.text
            place, standing = known.place, min(known.standing, word.standing)
        else:
            text, place, standing = other if colon else UNKNOWN, word.place, word.standing
        joined = bounded(word.text[: match.start()] + text + word.text[match.end() :])
        return self._expanded(Word(joined, place, standing), depth + 1)

    def _one_of(self, name: str, depth: int) -> Word | None:
        if depth > _DEPTH:
            return None
        variable = re.sub(r"[^A-Z0-9]", "_", name.upper())
        found = self._call.variable(variable)
        return found or next((file[name] for file in self._files if name in file), None)


def _sections(source: SourceFile, ending: str) -> Iterator[tuple[str, Properties]]:
    """The parts of a file, each with the profiles that it is for."""
    parts = _properties(source) if ending == "properties" else _yaml(source)
    for part in parts:
        condition = part.get("spring.config.activate.on-profile") or part.get("spring.profiles")
        yield ("" if condition is None else condition.text), part


def _properties(source: SourceFile) -> list[Properties]:
    parts: list[Properties] = [{}]
    for number, line in enumerate(source.text.split("\n"), 1):
        text = line.rstrip("\r")
        bare = text.strip()
        if bare in ("#---", "!---"):
            parts.append({})
            continue
        if not bare or bare[0] in "#!":
            continue
        match = re.match(r"((?:\\.|[^\s:=\\])+)\s*[=:\s]\s*(.*)", bare)
        if match is None:
            continue
        start = len(text) - len(text.lstrip()) + 1
        place = Place(source.name, number, start, max(len(text) + 1, start + 1), text)
        parts[-1][match[1].replace("\\", "")] = Word(match[2], place)
    return parts


def _yaml(source: SourceFile) -> list[Properties]:
    try:
        found = list(documents(source))
    except UnreadableError:
        return []
    parts = []
    for document in found:
        flat: Properties = {}
        _flatten(document, "", flat, 0)
        parts.append(flat)
    return parts


def _flatten(node: Yaml, path: str, flat: Properties, depth: int) -> None:
    if depth > _DEPTH or len(flat) > 5_000:
        return
    if isinstance(node, YamlText):
        flat[path] = Word(node.value, node.place)
    elif isinstance(node, YamlMap):
        for key, value in node.entries.items():
            _flatten(value, f"{path}.{key}" if path else key, flat, depth + 1)
    elif isinstance(node, YamlList):
        for number, value in enumerate(node.items):
            _flatten(value, f"{path}[{number}]", flat, depth + 1)


def _holds(condition: str, profiles: frozenset[str]) -> bool:
    """Whether a part is for one of the profiles; one that is written otherwise counts as none."""
    return any(one.strip() in profiles for one in condition.split(","))
