"""Values for templates: files as ``docker run --env-file`` takes them, and ``--env``.

Sources: ``pkg/kvfile/kvfile.go`` and ``opts/env.go`` of https://github.com/docker/cli.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lint502.nginx.envsubst import is_name
from lint502.reading import Reader, UnreadableError

_LARGEST = 1024**2
_LONGEST_LINE = 64 * 1024
"""``bufio.MaxScanTokenSize``: docker refuses a line that is as long, or longer."""


class EnvironmentFileError(Exception):
    """Such a file cannot be used; ``str()`` goes after its name."""


def read(path: str, reader: Reader | None = None) -> dict[str, str]:
    """The values of a file. A line with a name alone gives none: docker takes that one from the
    environment, lint502 only where ``--env`` asks for it.

    Raises :class:`EnvironmentFileError`.
    """
    try:
        data = (Reader() if reader is None else reader).data(path, _LARGEST)
    except UnreadableError as error:
        raise EnvironmentFileError(f": {error}") from None
    values: dict[str, str] = {}
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if len(line) >= _LONGEST_LINE:
            raise EnvironmentFileError(f":{number} is longer than the 64 KiB that docker takes")
        try:
            text = line.removesuffix(b"\r").decode().lstrip()
        except UnicodeDecodeError:
            raise EnvironmentFileError(f":{number} is not UTF-8") from None
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not name:
            raise EnvironmentFileError(f":{number} has no name before the =")
        if " " in name or "\t" in name:
            raise EnvironmentFileError(
                f":{number} has a blank in its name; write NAME=VALUE, without export and without "
                "blanks around the ="
            )
        if equals:
            values[name] = value
    return values


def quoted(values: Mapping[str, str]) -> Iterator[str]:
    """The names of values in quotes, which Compose would take off."""
    for name, value in values.items():
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            yield name


def given(text: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """The name and value of ``NAME=VALUE``, or of ``NAME``, whose value is that of the environment.

    Raises ``ValueError``.
    """
    from lint502.quoting import quote

    name, equals, value = text.partition("=")
    if not is_name(name):
        raise ValueError(
            f"{quote(name)} is no name that envsubst takes: letters, digits and _, no digit first"
        )
    if equals:
        return name, value
    try:
        return name, environment[name]
    except KeyError:
        raise ValueError(f"the environment has no {name}; write --env {name}=VALUE") from None
