"""Shells: a text behind ``-c``, or a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lint502.declared.sources.commands.calls import Call, Next, Result, ShellText
from lint502.declared.sources.commands.scripts import (
    beginning,
    handed_on,
    hands_on,
    script_source,
)
from lint502.deployment.texts import Unread

_WITH_VALUE = ("-o", "+o", "-O", "+O", "--rcfile", "--init-file")


def _shell(call: Call) -> Call | Next | Result:
    words = list(call.arguments)
    while words and words[0].text.startswith(("-", "+")) and words[0].text != "--":
        option = words.pop(0).text
        if option in _WITH_VALUE:
            words[:1] = []
        elif not option.startswith("--") and "c" in option:
            if not words:
                break
            text = words[0]
            return Next(texts=(ShellText(text.text, text.place, call, tuple(words[2:])),))
    if words and words[0].text == "--":
        words.pop(0)
    if not words:
        return Result()
    source = script_source(call, words[0].text) or call.source(words[0].text)
    if source is None and hands_on(words[0]):
        return handed_on(call.running(words))
    if source is None:
        return Result(whole=False, unread=(Unread(words[0].place, "this script cannot be read"),))
    place = beginning(source)
    return Next(texts=(ShellText(source.text, place, call, tuple(words[1:]), source),))


def _user(call: Call) -> Call | Next | Result:
    """``su -c TEXT user``, ``runuser -u user -- program``."""
    words = list(call.arguments)
    for number, word in enumerate(words):
        if word.text in ("-c", "--command") and number + 1 < len(words):
            text = words[number + 1]
            return Next(texts=(ShellText(text.text, text.place, call),))
        if word.text.startswith("--command="):
            return Next(texts=(ShellText(word.text[10:], word.place, call),))
    rest = after_dashes(call)
    if rest is None:
        rest = skipped(call, ("-u", "-g", "-G", "-s"), 0)
    return Result(whole=False) if rest is None else rest


def after_dashes(call: Call) -> Call | None:
    """The program behind ``--``."""
    for number, word in enumerate(call.arguments):
        if word.text == "--":
            rest = call.arguments[number + 1 :]
            return call.running(rest) if rest else None
    return None


def skipped(call: Call, with_value: tuple[str, ...], positional: int) -> Call | None:
    """The program behind options and ``positional`` arguments; ``with_value`` are the options that
    take one in a word of its own."""
    words = list(call.arguments)
    left = positional
    while words:
        text = words[0].text
        if text == "--":
            words.pop(0)
            break
        if text in with_value:
            words = words[2:]
        elif text.startswith("-") and text != "-":
            words.pop(0)
        elif left:
            words.pop(0)
            left -= 1
        else:
            break
    return call.running(words) if words else None


PROGRAMS: Mapping[str, Callable[[Call], Call | Next | Result]] = {
    **dict.fromkeys(("sh", "bash", "ash", "dash", "zsh", "ksh"), _shell),
    "su": _user,
    "runuser": _user,
}
