"""The options of a command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lint502.declared.sources.commands.words import UNKNOWN, Word


class Options:
    """The options that are asked for, by a name of theirs, each with the values that it is given,
    and the arguments that belong to none.

    ``names`` has every spelling of an option that takes a value (``"-b"``, ``"--bind"``) with the
    name under which it is kept, ``flags`` likewise those without one. A value stands in the next
    word or behind ``=``; behind an option of one letter also at once, ``-b:8000``. The value of an
    option that is not named is taken for an argument.
    """

    def __init__(
        self,
        words: Iterable[Word],
        names: Mapping[str, str],
        flags: Mapping[str, str] | None = None,
    ) -> None:
        self.values: dict[str, list[Word]] = {}
        self.flags: dict[str, Word] = {}
        self.arguments: list[Word] = []
        self.unsure = False
        """Whether a word that is not known may be an option."""
        flags = flags or {}
        waiting: str | None = None
        for word in words:
            text = word.text
            if waiting is not None:
                self.values.setdefault(waiting, []).append(word)
                waiting = None
                continue
            name, equals, value = text.partition("=")
            if text in flags:
                self.flags[flags[text]] = word
            elif text in names:
                waiting = names[text]
            elif equals and name in names and name.startswith("-"):
                self.values.setdefault(names[name], []).append(word.cut(value))
            elif text[:2] in names and text[:1] == "-" and text[1:2] != "-" and len(text) > 2:
                self.values.setdefault(names[text[:2]], []).append(word.cut(text[2:]))
            elif not text.startswith("-") or text == "-":
                self.unsure |= text.startswith(UNKNOWN)
                self.arguments.append(word)

    def last(self, name: str) -> Word | None:
        """The last value of an option, which counts where it is given several times."""
        found = self.values.get(name)
        return found[-1] if found else None

    def all(self, name: str) -> Sequence[Word]:
        """All values of an option."""
        return self.values.get(name, ())


def spelled(**names: str) -> dict[str, str]:
    """Spellings of options by name, ``spelled(bind="-b --bind")``, as :class:`Options` takes
    them."""
    return {spelling: name for name, all_of in names.items() for spelling in all_of.split()}
