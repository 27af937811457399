"""The packages that a command installs, by the names that it gives to a package manager."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_COMMANDS = {
    "apt": ("install",),
    "apt-get": ("install",),
    "aptitude": ("install",),
    "apk": ("add",),
    "yum": ("install", "localinstall"),
    "dnf": ("install",),
    "microdnf": ("install",),
    "tdnf": ("install",),
    "zypper": ("install", "in"),
    "pip": ("install",),
    "pip3": ("install",),
    "npm": ("install", "i", "add"),
    "yarn": ("add",),
    "gem": ("install",),
    "pipx": ("install",),
}
_PYTHON = ("python", "python3")
_WITH_VALUE = frozenset(
    ("-t", "--target-release", "-o", "--option", "-X", "--repository", "--virtual", "-r",
     "--requirement", "-c", "--constraint", "-i", "--index-url", "--extra-index-url",
     "--repositories-file", "--prefix", "-v", "--version", "--target", "-p", "--root")
)  # fmt: skip
"""Options whose value is the next word."""


def installed(words: Sequence[str]) -> Iterator[str]:
    """The names of the packages that a program with its words installs, without versions."""
    program = words[0].rpartition("/")[2]
    if program in _PYTHON and list(words[1:3]) == ["-m", "pip"]:
        program, words = "pip", words[2:]
    if program == "uv" and list(words[1:2]) == ["pip"]:
        program, words = "pip", words[1:]
    verbs = _COMMANDS.get(program, ())
    rest = iter(words[1:])
    for word in rest:
        if word in verbs:
            break
        if program == "apk" and word == "-t":
            next(rest, None)
    else:
        return
    everywhere = program != "npm" or any(one in ("-g", "--global") for one in words)
    for word in rest:
        if word.startswith("-"):
            if word in _WITH_VALUE:
                next(rest, None)
        elif everywhere and (name := _name(word)):
            yield name


def _name(word: str) -> str:
    """A package without its version, ``"nginx"`` of ``nginx=1.22.1-9``."""
    scope = "@" if word.startswith("@") else ""
    word = word.removeprefix("@")
    for mark in ("==", "=", "~", ">", "<", "!", "@", "[", ";"):
        word = word.partition(mark)[0]
    return "" if word.startswith(".") or ("/" in word and not scope) else scope + word.strip()
