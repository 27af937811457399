"""What a real server of the lab is: a family of programs, and the endpoints that they open."""

from __future__ import annotations

import os
import pwd
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lint502 import programs
from lint502.lab.bench import LOOPBACK, LabError

Speaks = Literal[
    "http", "https", "h2c", "h2", "fastcgi", "uwsgi", "suwsgi", "scgi", "memcached"
]  # fmt: skip
"""What an endpoint expects: ``h2c`` is HTTP/2 alone in plaintext, ``h2`` HTTP/2 alone over TLS."""

_MORE = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A port on 127.0.0.1 where a server answers.

    ``server`` is the name of its profile. ``variant`` tells two setups of one profile apart.
    """

    server: str
    speaks: Speaks
    port: int
    variant: str = ""

    @property
    def address(self) -> str:
        """As a pass directive has it."""
        return f"{LOOPBACK}:{self.port}"


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a certificate for ``localhost``, and of its key, in PEM (PKCS #8)."""

    file: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Room:
    """What a server may use: a folder of its own, free ports, a certificate."""

    folder: Path
    port: Callable[[], int]
    certificate: Certificate

    def write(self, name: str, text: str) -> Path:
        """A file in the folder, which other users may read."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file


@dataclass(frozen=True, slots=True)
class Program:
    """A child process: its command, where it will listen, what its environment has besides ours,
    and what to do once it listens."""

    command: tuple[str | Path, ...]
    endpoints: tuple[Endpoint, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """A server that can be run; ``name`` is that of its profile.

    Both functions raise :class:`LabError` where it is not installed. ``openssl`` is the version of
    the machine's OpenSSL, where it is this that speaks TLS for a server of a version of its own.
    """

    name: str
    version: Callable[[], str]
    programs: Callable[[Room], Iterable[Program]]
    openssl: str = ""


def binary(name: str, package: str) -> str:
    """The path of a command; raises :class:`LabError`, which names the Debian package."""
    found = programs.found(name, *_MORE)
    if found is None:
        raise LabError(f"there is no {name}; install it (Debian: {package})")
    return found


def said_version(command: Iterable[str | Path], pattern: str = r"\d+(?:\.\d+)+") -> str:
    """The first version in what a command says of itself."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"{words[0]} cannot be run: {error}") from None
    match = re.search(pattern, done.stdout + done.stderr)
    if match is None:
        raise LabError(f"{words[0]} does not say its version")
    return match[0]


def user() -> str | None:
    """Whom a server that refuses to run as root is to be; None where we are not root."""
    return None if os.geteuid() else pwd.getpwuid(65534).pw_name
