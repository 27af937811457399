"""Programs that run another one, given behind their own arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from lint502.declared.sources.commands.calls import NOTHING, Call, Next, Result, ShellText
from lint502.declared.sources.commands.scripts import script_source
from lint502.declared.sources.commands.shells import after_dashes, skipped
from lint502.declared.sources.commands.words import Word

Found = Call | Next | Result


class _Wrapper(Struct, frozen=True):
    """How a program is told what to run: ``options`` are its own that take a value, ``leading``
    counts its own arguments, ``words`` are those that must come first (``poetry run``)."""

    options: tuple[str, ...] = ()
    leading: int = 0
    words: tuple[str, ...] = ()

    def __call__(self, call: Call) -> Found:
        inner: Call | None = call
        if self.words:
            inner = _behind(call, self.words, self.options)
            if inner is None:
                return NOTHING
        found = skipped(inner, self.options, self.leading) if inner is not None else None
        return NOTHING if found is None else found


def _behind(call: Call, words: tuple[str, ...], options: tuple[str, ...]) -> Call | None:
    """The call whose program is the last of ``words``, with options before each."""
    inner: Call | None = call
    for word in words:
        inner = skipped(inner, options, 0) if inner is not None else None
        if inner is None or inner.words[0].text != word:
            return None
    return inner


def _env(call: Call) -> Found:
    words = list(call.arguments)
    variables = dict(call.variables)
    while words:
        text = words[0].text
        name, equals, value = text.partition("=")
        if text in ("-i", "-", "--ignore-environment"):
            variables.clear()
        elif text in ("-u", "--unset"):
            if len(words) > 1:
                variables.pop(words[1].text, None)
            words[:1] = []
        elif text in ("-S", "--split-string") and len(words) > 1:
            return Next(texts=(ShellText(words[1].text, words[1].place, call),))
        elif text in ("-C", "--chdir") and len(words) > 1:
            call = replace(call, folder=call.path(words[1].text))
            words[:1] = []
        elif text.startswith("-"):
            pass
        elif equals and name.isidentifier():
            variables[name] = words[0].cut(value)
        else:
            return replace(call, words=tuple(words), variables=variables)
        words[:1] = []
    return NOTHING


def _dockerize(call: Call) -> Found:
    """https://github.com/jwilder/dockerize: all but the program are options."""
    options = ("-wait", "-timeout", "-template", "-stdout", "-stderr", "-delims", "-env")
    more = ("-wait-http-header", "-wait-retry-interval", "-env-section", "-poll")
    found = skipped(call, options + more + tuple(f"-{one}" for one in options + more), 0)
    return NOTHING if found is None else found


def _watch(call: Call) -> Found:
    """``watchmedo auto-restart -d . -p '*.py' -- program``, ``watchmedo shell-command``."""
    options = "-d --directory -p --pattern --patterns -i --ignore-patterns --interval --signal"
    found = after_dashes(call)
    if found is None:
        inner = _behind(call, ("auto-restart",), ())
        found = None if inner is None else skipped(inner, tuple(options.split()), 0)
    return Result(whole=False) if found is None else found


_NODEMON = "-w --watch -e --ext -i --ignore -d --delay --config --signal -C --cwd -s"


def _nodemon(call: Call) -> Found:
    """https://github.com/remy/nodemon: ``nodemon [options] script``, ``--exec "program"``."""
    words = list(call.arguments)
    program: Word | None = None
    while words and words[0].text.startswith("-"):
        text = words[0].text
        if text in ("-x", "--exec") and len(words) > 1:
            program = words[1]
            words = words[2:]
        elif text in _NODEMON.split():
            words = words[2:]
        elif text == "--":
            words.pop(0)
            break
        else:
            words.pop(0)
    for number, word in enumerate(words):
        if word.text in ("-x", "--exec") and number + 1 < len(words):
            program = words[number + 1]
            words = words[:number] + words[number + 2 :]
            break
    if program is not None:
        text = " ".join((program.text, *(word.text for word in words)))
        return Next(texts=(ShellText(text, program.place, call),))
    if words and words[0].text.endswith((".js", ".mjs", ".cjs", ".ts")):
        return call.running((call.words[0].cut("node"), *words))
    return Result(whole=False)


def _bundle(call: Call) -> Found:
    found = _behind(call, ("exec",), ())
    inner = None if found is None else skipped(found, (), 0)
    return NOTHING if inner is None else inner


def _newrelic(call: Call) -> Found:
    found = _behind(call, ("run-program",), ())
    inner = None if found is None else skipped(found, (), 0)
    return NOTHING if inner is None else inner


def _assigned(call: Call) -> Found:
    """``cross-env A=b program``, ``dotenv -e file -- program``."""
    inner = after_dashes(call)
    return _env(call if inner is None else replace(inner, words=(call.words[0], *inner.words)))


def _wait_script(call: Call) -> Found:
    """Such a script may be the repository's own, but its name says what it does."""
    found = after_dashes(call)
    if found is not None:
        return found
    source = script_source(call, call.words[0].text)
    if source is None or "$@" not in source.text:
        return NOTHING
    return Next(texts=(ShellText(source.text, call.place, call, call.arguments, source),))


_UV = ("--with", "--python", "-p", "--extra", "--group", "--env-file", "--project", "--directory")

PROGRAMS: Mapping[str, Callable[[Call], Found]] = {
    "env": _env,
    "cross-env": _assigned,
    "cross-env-shell": _assigned,
    "dotenv": _assigned,
    **dict.fromkeys(("tini", "tini-static"), _Wrapper(("-e", "-p"))),
    "dumb-init": _Wrapper(("-r", "--rewrite")),
    "catatonit": _Wrapper(),
    "gosu": _Wrapper(leading=1),
    "su-exec": _Wrapper(leading=1),
    "s6-setuidgid": _Wrapper(leading=1),
    "setuidgid": _Wrapper(leading=1),
    "chpst": _Wrapper(("-u", "-U", "-b", "-e", "-/", "-n", "-l", "-L", "-m", "-d")),
    "setpriv": _Wrapper(("--reuid", "--regid", "--groups", "--inh-caps")),
    "sudo": _Wrapper(("-u", "-g", "--user", "--group")),
    "nice": _Wrapper(("-n", "--adjustment")),
    "ionice": _Wrapper(("-c", "-n")),
    "timeout": _Wrapper(("-s", "-k", "--signal", "--kill-after"), 1),
    "time": _Wrapper(),
    "setsid": _Wrapper(),
    "nohup": _Wrapper(),
    "stdbuf": _Wrapper(("-i", "-o", "-e")),
    "unbuffer": _Wrapper(),
    "with-contenv": _Wrapper(),
    "poetry": _Wrapper(("-C", "-P", "--directory", "--project"), words=("run",)),
    "pipenv": _Wrapper(words=("run",)),
    "pdm": _Wrapper(("-p", "--project"), words=("run",)),
    "uv": _Wrapper(_UV, words=("run",)),
    "uvx": _Wrapper(_UV),
    "rye": _Wrapper(words=("run",)),
    "pixi": _Wrapper(("-e", "--environment"), words=("run",)),
    **dict.fromkeys(
        ("conda", "mamba", "micromamba"),
        _Wrapper(("-n", "--name", "-p", "--prefix"), words=("run",)),
    ),
    "bundle": _bundle,
    "ddtrace-run": _Wrapper(),
    "opentelemetry-instrument": _Wrapper(("--service_name", "--traces_exporter")),
    "newrelic-admin": _newrelic,
    "watchmedo": _watch,
    "nodemon": _nodemon,
    "dockerize": _dockerize,
    "doppler": _Wrapper(("-p", "-c", "--project", "--config", "-t"), words=("run",)),
    "dotenvx": _Wrapper(("-f",), words=("run",)),
    **dict.fromkeys(
        (
            "wait-for-it.sh",
            "wait-for-it",
            "wait_for_it.sh",
            "wait-for.sh",
            "wait-for",
            "wait_for.sh",
            "wait-for-postgres.sh",
            "wait4ports",
            "wait",
        ),
        _wait_script,
    ),
}
