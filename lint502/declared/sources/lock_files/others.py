"""Ruby, PHP, Rust, Go, Elixir, and Spring Boot in Maven and Gradle."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lint502.declared.sources.lock_files.lines import (
    matches,
    normalized,
    read,
    text_at,
    toml_packages,
)
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Text
from lint502.places import SourceFile

_SPACE = r"[ \t]*"
_MAVEN_ARTIFACTS = r"spring-boot-(?:starter-parent|dependencies|starter-\w[\w-]*|maven-plugin)"


def gems(repository: Repository, folder: str, part: str, name: str) -> Iterator[Text]:
    """``Gemfile.lock``."""
    for lock in ("Gemfile.lock", "gems.locked"):
        source = None if part else read(repository, folder, lock)
        if source is not None:
            pattern = rf"^    {re.escape(name)} \((?P<version>[\d.]+[\w.]*)[^)\n]*\)\r?$"
            yield from matches(source, re.compile(pattern, re.MULTILINE))


def composer(repository: Repository, folder: str, part: str, name: str) -> Iterator[Text]:
    """``composer.lock``."""
    source = None if part else read(repository, folder, "composer.lock")
    if source is None:
        return
    end = source.text.find('"packages-dev"')
    pattern = rf'"name": "{re.escape(name)}",\s*"version": "v?(?P<version>[^"\n]*)"'
    for match in re.compile(pattern).finditer(source.text, 0, end if end != -1 else 1 << 31):
        yield text_at(source, match.start("version"), match.end("version"))


def cargo(repository: Repository, folder: str, part: str, name: str) -> Iterator[Text]:
    """``Cargo.lock``; one of a folder above is that of a workspace."""
    source = read(repository, folder, "Cargo.lock")
    if source is None:
        return
    if part:
        manifest = read(repository, folder, "Cargo.toml")
        if manifest is None or "[workspace" not in manifest.text:
            return
    yield from toml_packages(source, normalized(name))


def go(repository: Repository, folder: str, part: str, name: str) -> Iterator[Text]:
    """``go.mod``: the version that is required is the one that is taken, unless it is replaced."""
    source = None if part else read(repository, folder, "go.mod")
    if source is None or re.search(
        rf"^{_SPACE}(?:replace )?{re.escape(name)}[^\n]*=>", source.text, re.MULTILINE
    ):
        return
    pattern = rf"^{_SPACE}(?:require )?{re.escape(name)} v(?P<version>\d[^\s]*)"
    yield from matches(source, re.compile(pattern, re.MULTILINE))


def hex_packages(repository: Repository, folder: str, part: str, name: str) -> Iterator[Text]:
    """``mix.lock``."""
    source = None if part else read(repository, folder, "mix.lock")
    if source is not None:
        quoted = re.escape(name)
        pattern = rf'^{_SPACE}"{quoted}": \{{:hex, :{quoted}, "(?P<version>[^"\n]*)"'
        yield from matches(source, re.compile(pattern, re.MULTILINE))


def maven(repository: Repository, folder: str, part: str, name: str) -> Iterator[Text]:
    """The version of what a Maven or Gradle build has from a group, through a plugin or parent."""
    if part:
        return
    source = read(repository, folder, "pom.xml")
    if source is not None:
        yield from _pom(source, name)
    for build in ("build.gradle", "build.gradle.kts"):
        source = read(repository, folder, build)
        if source is not None:
            yield from _gradle(source, name)
    source = read(repository, folder, "gradle/libs.versions.toml")
    if source is not None:
        yield from _catalog(source, name)


def _pom(source: SourceFile, group: str) -> Iterator[Text]:
    text = _uncommented(source.text)
    pattern = re.compile(
        rf"<groupId>\s*{re.escape(group)}\s*</groupId>\s*<artifactId>\s*{_MAVEN_ARTIFACTS}\s*"
        r"</artifactId>\s*<version>\s*(?P<version>[^<\s]+)\s*</version>"
    )
    for match in pattern.finditer(text):
        property_ = re.fullmatch(r"\$\{([\w.-]+)\}", match["version"])
        if property_ is None:
            yield text_at(source, match.start("version"), match.end("version"))
            continue
        tag = re.escape(property_[1])
        value = re.search(rf"<{tag}>\s*(?P<version>[^<\s$]+)\s*</{tag}>", text)
        if value is not None:
            yield text_at(source, value.start("version"), value.end("version"))


def _uncommented(text: str) -> str:
    """XML with blanks in the place of its comments."""
    parts, at = [], 0
    while (start := text.find("<!--", at)) != -1:
        end = text.find("-->", start + 4)
        end = len(text) if end == -1 else end + 3
        parts += [text[at:start], " " * (end - start)]
        at = end
    return "".join((*parts, text[at:]))


def _gradle(source: SourceFile, group: str) -> Iterator[Text]:
    quoted = re.escape(group)
    for pattern in (
        rf"""^[^/\n]*id{_SPACE}\(?['"]{quoted}['"]\)?{_SPACE}version{_SPACE}\(?['"](?P<version>\d[^'"\n]*)['"]""",
        rf"""^[^/\n]*['"]{quoted}:spring-boot-(?:gradle-plugin|dependencies):(?P<version>\d[^'"\n]*)['"]""",
    ):
        yield from matches(source, re.compile(pattern, re.MULTILINE))


def _catalog(source: SourceFile, group: str) -> Iterator[Text]:
    """Gradle's version catalog: ``spring-boot = { id = "…", version.ref = "…" }``."""
    entry = re.search(rf'^[^#\n]*id = "{re.escape(group)}"[^\n]*', source.text, re.MULTILINE)
    if entry is None:
        return
    direct = re.compile(r'version = "(?P<version>\d[^"\n]*)"')
    match = direct.search(source.text, entry.start(), entry.end())
    reference = re.search(r'version\.ref = "([\w.-]+)"', entry[0])
    if match is None and reference is not None:
        named = rf'^{re.escape(reference[1])} = "(?P<version>\d[^"\n]*)"'
        match = re.search(named, source.text, re.MULTILINE)
    if match is not None:
        yield text_at(source, match.start("version"), match.end("version"))
