"""Scripts of ``package.json``, as npm, Yarn, pnpm and Bun run them, and tools that run several.

Sources: https://docs.npmjs.com/cli/commands/npm-run-script (``pre`` and ``post``, ``npm start``),
https://yarnpkg.com/cli/run, https://pnpm.io/cli/run, https://github.com/open-cli-tools/concurrently
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from lint502.declared.sources.commands.calls import NOTHING, Call, Next, Result, ShellText
from lint502.declared.sources.commands.words import Word
from lint502.deployment.texts import Unread
from lint502.places import Place, SourceFile

Found = Call | Next | Result | None

_QUIET = """
    install ci i add build audit cache config version run-build prune rebuild link test lint
    publish pack
"""
_FOLDER_OPTIONS = ("--prefix", "-C", "--cwd", "--dir", "-d")
_WITH_VALUE = (*_FOLDER_OPTIONS, "-w", "--workspace", "--filter", "-F", "--loglevel")


def _manager(call: Call) -> Found:
    words, elsewhere = list(call.arguments), False
    command: list[Word] = []
    while words:
        word = words.pop(0)
        name, equals, value = word.text.partition("=")
        if name in _WITH_VALUE:
            if not equals:
                value = words.pop(0).text if words else ""
            if name in _FOLDER_OPTIONS:
                call = replace(call, folder=call.path(value))
            else:
                elsewhere = True
        elif word.text.startswith("-") and not command:
            continue
        else:
            command = [word, *words]
            break
    if elsewhere or not command:
        return Result(whole=False)
    return _command(call, command)


def _command(call: Call, words: list[Word]) -> Found:
    first, *rest = words
    while first.text in ("run", "run-script", "rum") and rest:
        first, *rest = rest
        while first.text.startswith("-") and rest:
            if first.text in _FOLDER_OPTIONS:
                call = replace(call, folder=call.path(rest[0].text))
                rest = rest[1:]
            if not rest:
                return Result(whole=False)
            first, *rest = rest
    if first.text in ("exec", "dlx", "x") and rest:
        rest = [word for word in rest if word.text != "--"]
        return _executed(call, rest)
    if call.name == "npm":
        call, rest = _taken_by_npm(call, rest)
    scripts = package(call)
    if scripts is not None and first.text in scripts:
        return _script(call, first.text, rest, scripts)
    if call.name == "bun" and first.text.endswith((".js", ".ts", ".mjs", ".tsx")):
        return call.running((first.cut("node"), first, *rest))
    if first.text in _QUIET.split():
        return NOTHING
    if first.text == "start" and call.name == "npm":
        return call.running((first.cut("node"), first.cut("server.js")))
    if scripts is None and first.text in ("start", "dev", "serve", "preview"):
        unread = Unread(first.place, f"package.json, which says what {first.text} is, is not here")
        return Result(whole=False, unread=(unread,))
    if call.name in ("yarn", "pnpm", "bun") and scripts is not None:
        return _executed(call, words)
    return None


def _taken_by_npm(call: Call, words: list[Word]) -> tuple[Call, list[Word]]:
    """What npm hands to a script: of the words before ``--`` those that are no options, the values
    of options that it does not know among them."""
    passed: list[Word] = []
    left = list(words)
    while left:
        word = left.pop(0)
        name, equals, value = word.text.partition("=")
        if word.text == "--":
            return call, passed + left
        if name in _WITH_VALUE:
            value = value if equals or not left else left.pop(0).text
            if name in _FOLDER_OPTIONS:
                call = replace(call, folder=call.path(value))
        elif not word.text.startswith("-"):
            passed.append(word)
    return call, passed


def _executed(call: Call, words: list[Word]) -> Found:
    """A program of ``node_modules/.bin``."""
    while words and words[0].text.startswith("-"):
        option = words.pop(0).text
        if option in ("-p", "--package", "-c"):
            words[:1] = []
    if not words:
        return NOTHING
    name = words[0].text
    at = name.find("@", 1)
    bare = name if at == -1 else name[:at]
    return call.running((words[0].cut(bare), *words[1:]))


def _npx(call: Call) -> Found:
    return _executed(call, list(call.arguments))


def package(call: Call) -> Mapping[str, Word] | None:
    """The scripts of the package in the folder of a program; None where there is no package that
    can be read."""
    source = call.source("package.json")
    if source is None:
        return None
    try:
        data: Any = json.loads(source.text)
    except (ValueError, RecursionError):
        return None
    scripts = data.get("scripts") if isinstance(data, dict) else None
    if not isinstance(scripts, dict):
        return {}
    return {
        name: Word(text, _place(source, name))
        for name, text in scripts.items()
        if isinstance(text, str)
    }


def _place(source: SourceFile, name: str) -> Place:
    """The line of a script."""
    key = json.dumps(name, ensure_ascii=False)
    inside = False
    for number, line in enumerate(source.text.split("\n"), 1):
        inside = inside or '"scripts"' in line
        if inside and line.find(key) != -1 and line.find(":", line.find(key)) != -1:
            start = line.index(key)
            return Place(source.name, number, start + 1, len(line.rstrip()) + 1, line.rstrip("\r"))
    return Place(source.name, 1, 1, 2, source.line(1))


def _script(
    call: Call, name: str, arguments: list[Word], scripts: Mapping[str, Word]
) -> Next | Result:
    if arguments and arguments[0].text == "--":
        arguments = arguments[1:]
    text = scripts[name]
    added = "".join(f" {shlex.quote(word.text)}" for word in arguments)
    own = ShellText(text.text + added, text.place, call)
    before = scripts.get(f"pre{name}")
    if before is not None and name != "pare":
        joined = f"{{ {before.text}\n}} && {{ {text.text}{added}\n}}"
        own = ShellText(joined, text.place, call)
    return Next(texts=(own,))


def _concurrently(call: Call) -> Next | Result:
    options = ("-n", "--names", "-c", "--prefix-colors", "-p", "--prefix", "-m", "--max-processes")
    words = list(call.arguments)
    texts: list[ShellText] = []
    calls: list[Call] = []
    while words:
        word = words.pop(0)
        if word.text in options:
            words[:1] = []
        elif word.text.startswith(("npm:", "yarn:", "pnpm:")):
            manager, _, script = word.text.partition(":")
            if "*" in script:
                return Result(whole=False)
            calls.append(call.running((word.cut(manager), word.cut("run"), word.cut(script))))
        elif not word.text.startswith("-"):
            texts.append(ShellText(word.text, word.place, call))
    return Next(tuple(calls), tuple(texts))


def _several(call: Call) -> Next | Result:
    """``npm-run-all -p a b``, ``run-p a b``, ``run-s a b``."""
    names = [word for word in call.arguments if not word.text.startswith("-")]
    if any("*" in word.text for word in names):
        return Result(whole=False)
    calls = [call.running((word.cut("npm"), word.cut("run"), word)) for word in names]
    return Next(tuple(calls))


PROGRAMS: Mapping[str, Callable[[Call], Found]] = {
    **dict.fromkeys(("npm", "yarn", "pnpm", "bun"), _manager),
    **dict.fromkeys(("npx", "bunx", "pnpx"), _npx),
    "concurrently": _concurrently,
    **dict.fromkeys(("npm-run-all", "run-p", "run-s"), _several),
}
