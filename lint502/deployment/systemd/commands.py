"""The command lines of a service, with its variables put in.

From systemd.service(5), "Command lines".
"""

from __future__ import annotations

from msgspec import Struct, field

from lint502.deployment.systemd import syntax
from lint502.deployment.systemd.syntax import Entry
from lint502.deployment.texts import Text
from lint502.patterns import regex

_PREFIXES = "@-:+!|"
_BRACED = regex(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_WORD = regex(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_GIVEN = frozenset(
    ("PATH", "LANG", "USER", "LOGNAME", "HOME", "SHELL", "INVOCATION_ID", "MAINPID", "MANAGERPID",
     "XDG_RUNTIME_DIR", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET",
     "CREDENTIALS_DIRECTORY", "CONFIGURATION_DIRECTORY", "JOURNAL_STREAM", "TERM",
     "SYSTEMD_EXEC_PID")
)  # fmt: skip
"""Variables that systemd sets by itself."""

_LONGEST = 1024**2
"""Characters of a command with its variables."""


class Environment(Struct):
    """The variables of a service: those of known value, the names of others; ``open``: there may be
    more."""

    values: dict[str, Text] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    open: bool = False

    def put(self, name: str, value: Text | None) -> None:
        """Set a variable, again perhaps; None is an unknown value."""
        if value is None:
            self.values.pop(name, None)
            self.unknown.add(name)
        else:
            self.values[name] = value
            self.unknown.discard(name)

    def value(self, name: str) -> str | None:
        """The value of a variable, empty where it is not set; None where that is not known."""
        found = self.values.get(name)
        if found is not None:
            return found.value
        return None if self.open or name in self.unknown or name in _GIVEN else ""


def lines(
    entry: Entry, unit: str, environment: Environment, *, of_user: bool
) -> list[tuple[str, ...]] | None:
    """The commands that an entry runs one after the other, as words; None where a quote is not
    closed. A word whose value is not known stays as it is written."""
    written = syntax.words(entry.value)
    if written is None:
        return None
    found: list[list[str]] = [[]]
    for word in written:
        if word == ";":
            found.append([])
        else:
            found[-1].append(";" if word == "\\;" else word)
    return [_line(words, unit, environment, of_user) for words in found if words]


def _line(
    written: list[str], unit: str, environment: Environment, of_user: bool
) -> tuple[str, ...]:
    program = written[0].lstrip(_PREFIXES)
    prefixes = written[0][: len(written[0]) - len(program)]
    arguments = written[2:] if "@" in prefixes else written[1:]
    resolved = [
        word if (value := syntax.resolved(word, unit, of_user=of_user)) is None else value
        for word in (program, *arguments)
    ]
    if ":" in prefixes:
        return tuple(resolved)
    found = [resolved[0]]
    left = _LONGEST
    for word in resolved[1:]:
        parts = _put_in(word, environment)
        left -= sum(map(len, parts))
        if left < 0:
            return tuple(resolved)
        found += parts
    return tuple(found)


def _put_in(word: str, environment: Environment) -> tuple[str, ...]:
    """A word with variables put in: ``$NAME`` as a word of its own is split at blanks."""
    whole = _WORD.fullmatch(word)
    if whole is not None:
        value = environment.value(whole[1])
        parts = None if value is None else syntax.words(value)
        return (word,) if parts is None else parts
    values: list[str] = []
    end = length = 0
    for match in _BRACED.finditer(word):
        value = "$" if match[1] is None else environment.value(match[1])
        if value is None:
            return (word,)
        values += (word[end : match.start()], value)
        end = match.end()
        length += len(value)
        if length > _LONGEST:
            return (word,)
    return ("".join((*values, word[end:])),)
