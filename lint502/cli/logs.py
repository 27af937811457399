"""What may stand in the log of a job: nothing that a CI system takes for a command, and no control
characters, but lint502's own.

Names, values and messages come from the files that are checked. Wherever one of them ends up, at
the start of a line that was wrapped or in a usage error, it must stay text.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from lint502.patterns import regex
from lint502.reading import shown

_COMMANDS = regex(
    r"(?<=#)#(?=\w{0,20}\[)"
    r"|(?:^|(?<=[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]))(?P<before>(?:[^\S\n]|\x1b\[[\d;]*m)*):(?=:)"
)
"""What is taken for a command: ``##[NAME]`` and ``##vso[NAME]`` anywhere in a line, ``::NAME`` at
its start, after blanks.

Sources: ``TryParseV2()`` and ``TryParse()`` in
https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs and ``TryParse()`` in
https://github.com/microsoft/azure-pipelines-agent/blob/master/src/Microsoft.VisualStudio.Services.Agent/Command.cs
"""

_CONTROLS = regex(r"[\x00-\x08\v-\x1a\x1c-\x1f\x7f-\x9f\u2028\u2029]|\x1b(?!\[[\d;]*m)")
"""All but line feeds, tabs and colours. GitLab's section marks, for one, begin with escapes.

Source: https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
"""

_ESCAPES = {
    **dict.fromkeys(("json", "sarif", "gitlab", "rdjson", "sonarqube"), "\\u{:04x}"),
    **dict.fromkeys(("junit", "checkstyle"), "&#{};"),
}
"""How a format writes a character by its number; where it has no way, as ``shown()`` does."""

JOBS = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION")
"""Variables that CI systems set."""


def without_commands(text: str, format: str = "text") -> str:
    """A report in a format as it is written, with a character of each command escaped: ``\\x23``
    for a ``#``, ``\\x3a`` for a colon, or the format's own way to write them.

    ``github`` consists of commands at the start of lines, and has no other such lines.
    """
    if "##" not in text and "::" not in text:
        return text
    escape = _ESCAPES.get(format, "\\x{:02x}")

    def escaped(match: re.Match[str]) -> str:
        before = match["before"]
        if before is not None and format == "github":
            return match[0]
        return (before or "") + escape.format(ord(match[0][-1]))

    return "\n".join(
        _COMMANDS.sub(escaped, line) if "##" in line or "::" in line else line
        for line in text.split("\n")
    )


def harmless(text: str) -> str:
    """Any text, as it may stand in a log or on a terminal."""
    lines = (
        line if line.isprintable() else _CONTROLS.sub(lambda control: shown(control[0]), line)
        for line in text.split("\n")
    )
    return without_commands("\n".join(lines))


def goes_to_a_log(stream: TextIO) -> bool:
    """Whether people or a CI system read what is written there, and not a file or a program."""
    if stream.isatty():
        return True
    try:
        if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            return False
    except (OSError, ValueError):  # it has no file
        pass
    return any(os.environ.get(name) for name in JOBS)


class LogStream:
    """A stream that writes whole lines, each of them :func:`harmless`; :meth:`write_as_it_is` is
    for what lint502 has made so itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._line = ""

    def write(self, text: str) -> int:
        """Take a text; its last line waits until it ends, or for :meth:`flush`."""
        lines, end, rest = (self._line + text).rpartition("\n")
        self._line = rest
        if end:
            self._stream.write(harmless(lines + end))
        return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        """Take several texts."""
        for line in lines:
            self.write(line)

    def write_as_it_is(self, text: str) -> None:
        """Write a text that has commands, or steers a terminal."""
        self._write_rest()
        self._stream.write(text)

    def flush(self) -> None:
        """Write all that was taken."""
        self._write_rest()
        self._stream.flush()

    def _write_rest(self) -> None:
        line, self._line = self._line, ""
        if line:
            self._stream.write(harmless(line))

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # whoever writes there would write past this
            raise AttributeError(name)
        return getattr(self._stream, name)


@contextlib.contextmanager
def guarded_output() -> Iterator[None]:
    """Within it, standard output and standard error are such streams, for whoever writes there."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_guarded(stream) for stream in before)
    try:
        yield
    finally:
        guards = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = before
        for guard in guards:
            with contextlib.suppress(OSError, ValueError):
                if guard is not None:
                    guard.flush()


def _guarded(stream: Any) -> Any:
    return None if stream is None else LogStream(stream)


def write_as_it_is(stream: TextIO, text: str) -> None:
    """Write a text that lint502 has made fit for where it goes."""
    if isinstance(stream, LogStream):
        stream.write_as_it_is(text)
    else:
        stream.write(text)
