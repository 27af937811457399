"""gunicorn: its options, GUNICORN_CMD_ARGS, and the file with its settings.

Source: https://docs.gunicorn.org/en/stable/settings.html
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.calls import NOTHING, Call, Result
from lint502.declared.sources.commands.facts import (
    address,
    default,
    is_set,
    speaks,
    stated,
    time_fact,
)
from lint502.declared.sources.commands.options import Options, spelled
from lint502.declared.sources.commands.python_settings import settings
from lint502.declared.sources.commands.words import UNKNOWN, Word
from lint502.deployment.texts import Unread
from lint502.patterns import regex
from lint502.standing import Standing

_SETTINGS = "https://docs.gunicorn.org/en/stable/settings.html"
_NAMES = spelled(
    config="-c --config",
    bind="-b --bind",
    worker_class="-k --worker-class",
    threads="--threads",
    timeout="-t --timeout",
    keepalive="--keep-alive",
    certfile="--certfile",
    keyfile="--keyfile",
    chdir="--chdir",
    protocol="--protocol",
    umask="-m --umask",
    user="-u --user",
    group="-g --group",
    env="-e --env",
    # the values of which are no arguments
    other="-w --workers -p --pid -n --name --log-level --access-logfile --error-logfile --log-file",
)
_FLAGS = spelled(
    daemon="-D --daemon", check="--check-config", version="-v --version -h --help --print-config"
)
_WORKERS = {
    "sync": "gunicorn",
    "gunicorn.workers.sync.SyncWorker": "gunicorn",
    "gthread": "gunicorn-gthread",
    "gunicorn.workers.gthread.ThreadWorker": "gunicorn-gthread",
    "gevent": "gunicorn-gthread",
    "gunicorn.workers.ggevent.GeventWorker": "gunicorn-gthread",
    "eventlet": "gunicorn-gthread",
    "uvicorn.workers.UvicornWorker": "gunicorn-uvicorn",
    "uvicorn.workers.UvicornH11Worker": "gunicorn-uvicorn",
    "uvicorn_worker.UvicornWorker": "gunicorn-uvicorn",
    "uvicorn_worker.UvicornH11Worker": "gunicorn-uvicorn",
}
_PINNED = regex(r"^gunicorn(?:\[[^\]]*\])?\s*==\s*(\d+(?:\.\d+){0,3})\s*(?:[;#].*)?$", re.M)


class _Settings:
    """The settings of a start: on the command line, in the variable, in the file, in that order."""

    def __init__(self, call: Call) -> None:
        line = Options(call.arguments, _NAMES, _FLAGS)
        variable = Options(_split(call.variable("GUNICORN_CMD_ARGS")), _NAMES, _FLAGS)
        self.flags = {**variable.flags, **line.flags}
        self.sure = not (line.unsure or variable.unsure)
        self.unread: tuple[Unread, ...] = ()
        self._layers = [line.values, variable.values]
        file = line.last("config") or variable.last("config")
        chdir = line.last("chdir") or variable.last("chdir")
        self.folder = call.folder if chdir is None else call.path(chdir.text)
        self._file(call, file)

    def _file(self, call: Call, named: Word | None) -> None:
        path = "gunicorn.conf.py" if named is None else named.text.removeprefix("file:")
        if path.startswith("python:"):
            path = path[7:].replace(".", "/") + ".py"
        source = call.source(path) or call.source(f"{self.folder}/{path}")
        read = None if source is None else settings(source, call.variables)
        if read is not None:
            self._layers.append({name: list(words) for name, words in read.values.items()})
        if (read is None or not read.whole) and (named is not None or source is not None):
            self.sure = False
            place = call.place if named is None else named.place
            self.unread = (Unread(place, "gunicorn's settings are in a file that cannot be read"),)

    def get(self, name: str) -> Sequence[Word] | None:
        """The values of a setting, None where nothing sets it."""
        return next((layer[name] for layer in self._layers if name in layer), None)

    def last(self, name: str) -> Word | None:
        """The value of a setting that has one."""
        found = self.get(name)
        return found[-1] if found else None


def _gunicorn(call: Call) -> Result:
    found = _Settings(call)
    if "version" in found.flags or "check" in found.flags:
        return NOTHING
    common = _common(call, found)
    return Result(
        programs=("gunicorn",),
        listeners=tuple({**common, **one} for one in _addresses(call, found)),
        whole=found.get("bind") is not None or found.sure,
        unread=found.unread,
        stays="daemon" in found.flags,
    )


def _addresses(call: Call, found: _Settings) -> list[dict[str, Fact[Any]]]:
    usual = Word("8000", call.place)
    binds = found.get("bind")
    if binds:
        words = [word.cut(text.strip()) for word in binds for text in word.text.split(",")]
        made = [address(word, usual, found.folder, "0.0.0.0") for word in words]
        return [{**one, **_socket(call, found)} if "socket" in one else one for one in made]
    if not found.sure:
        return [{}]
    port = call.variable("PORT")
    if port is not None:
        return [address(port.cut(f"0.0.0.0:{port.text}"))]
    return [
        {
            "port": default(8000, call.place, "gunicorn", f"{_SETTINGS}#bind"),
            "bind": default(("127.0.0.1",), call.place, "gunicorn", f"{_SETTINGS}#bind"),
        }
    ]


def _socket(call: Call, found: _Settings) -> dict[str, Fact[Any]]:
    """Who may use a socket: it is made with gunicorn's own umask, 0 by default."""
    facts: dict[str, Fact[Any]] = {}
    umask = found.last("umask")
    if umask is not None and re.fullmatch(r"0?o?[0-7]{1,3}", umask.text):
        facts["socket.mode"] = stated(0o777 & ~int(umask.text.replace("o", ""), 8), umask)
    elif umask is None and found.sure:
        source = f"{_SETTINGS}#umask"
        facts["socket.mode"] = default(0o777, call.place, "gunicorn", source)
    for name in ("user", "group"):
        word = found.last(name)
        if word is not None and word.known and word.text:
            facts["socket.owner" if name == "user" else "socket.group"] = stated(word.text, word)
    return facts


def _common(call: Call, found: _Settings) -> dict[str, Fact[Any]]:
    """What holds at every address."""
    worker = _worker(call, found)
    version = _version(call)
    protocol = found.last("protocol")
    facts: dict[str, Fact[Any]] = {}
    if protocol is None or protocol.text == "http":
        if found.sure or protocol is not None or found.get("bind") is not None:
            facts |= speaks("http", call.place)
    elif protocol.text == "uwsgi":
        facts["protocol"] = stated("uwsgi", protocol)
    if worker is not None:
        named = worker.cut(f"{worker.text}/{version}" if version else worker.text)
        facts["server"] = stated(named.text, named)
    encrypted = [is_set(found.last(name)) for name in ("certfile", "keyfile")]
    if True in encrypted:
        certificate = found.last("certfile") or found.last("keyfile")
        assert certificate is not None
        facts["tls"] = stated(True, certificate)
    elif found.sure and None not in encrypted:
        facts["tls"] = Fact(False, call.place, Standing.STATED)
    return facts | _times(worker, found)


def _times(worker: Word | None, found: _Settings) -> dict[str, Fact[Any]]:
    if worker is None:
        return {}
    if worker.text == "gunicorn":
        return time_fact("timeouts.request", found.last("timeout"))
    keepalive = found.last("keepalive")
    if keepalive is not None and keepalive.text == "0":
        return {"keepalive": stated(False, keepalive)}
    return time_fact("keepalive.idle_timeout", keepalive)


def _worker(call: Call, found: _Settings) -> Word | None:
    """The profile of the workers, None where it is not known which they are."""
    word = found.last("worker_class")
    if not found.sure:
        return None
    profile = _WORKERS.get("sync" if word is None else word.text)
    threads = found.last("threads")
    if profile == "gunicorn" and threads is not None:
        if not threads.text.isdigit():
            return None
        if int(threads.text) > 1:
            return threads.cut("gunicorn-gthread")
    if profile is None:
        return None
    return Word(profile, call.place) if word is None else word.cut(profile)


def _version(call: Call) -> str | None:
    """The version that the requirements of the application pin."""
    for name in ("requirements.txt", "requirements/production.txt", "requirements/base.txt"):
        source = call.source(name)
        match = None if source is None else _PINNED.search(source.text)
        if match is not None:
            return match[1]
    return None


def _split(word: Word | None) -> list[Word]:
    if word is None:
        return []
    if not word.known:
        return [word.cut(UNKNOWN)]
    try:
        return [word.cut(text) for text in shlex.split(word.text)]
    except ValueError:
        return []


PROGRAMS: Mapping[str, Callable[[Call], Result]] = {
    "gunicorn": _gunicorn,
    "gunicorn_django": _gunicorn,
    "gunicorn_paster": _gunicorn,
}
