"""Python: modules that are run, Django, Flask, Waitress, and scripts that start a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.calls import NOTHING, Call, Result
from lint502.declared.sources.commands.facts import (
    address,
    bind_fact,
    default,
    mode_fact,
    port_fact,
    size_fact,
    socket_fact,
    speaks,
    stated,
    time_fact,
)
from lint502.declared.sources.commands.ini import lines
from lint502.declared.sources.commands.options import Options, spelled
from lint502.declared.sources.commands.python_servers import served
from lint502.declared.sources.commands.words import Word

Facts = dict[str, Fact[Any]]
Found = Call | Result | None

_ALL = "0.0.0.0"
_RUNSERVER = "https://docs.djangoproject.com/en/stable/ref/django-admin/#runserver"
_FLASK = "https://flask.palletsprojects.com/en/stable/cli/"
_WAITRESS = "Pylons/waitress@v3.0.2:src/waitress/adjustments.py"
_HTTP_SERVER = "https://docs.python.org/3/library/http.server.html#command-line-interface"
_MODULES = {
    "flask": "flask",
    "waitress": "waitress-serve",
    "django": "django-admin",
    "celery": "celery",
    "jupyter": "jupyter",
    "streamlit": "streamlit",
    "mkdocs": "mkdocs",
    "poetry": "poetry",
    "pipenv": "pipenv",
}


def _python(call: Call) -> Found:
    words = list(call.arguments)
    while words and words[0].text.startswith("-"):
        text = words.pop(0).text
        if text in ("-W", "-X", "--check-hash-based-pycs"):
            words[:1] = []
        elif text == "-c":
            return None
        elif text.startswith("-") and not text.startswith("--") and text.endswith("m"):
            return _module(call, words)
        elif text in ("-V", "--version"):
            return NOTHING
    if not words:
        return NOTHING
    if words[0].text.rpartition("/")[2] == "manage.py":
        return _manage(call.running(words))
    source = call.source(words[0].text)
    return None if source is None else served(call.running(words), source)


def _module(call: Call, words: list[Word]) -> Found:
    if not words:
        return NOTHING
    name = words[0].text
    if name == "http.server":
        return _http_server(call.running(words))
    if name in ("pip", "venv", "compileall", "unittest", "pytest"):
        return NOTHING
    if "." in name or "/" in name:
        path = name.replace(".", "/")
        source = call.first_source(f"{path}.py", f"{path}/__main__.py")
        return None if source is None else served(call.running(words), source)
    source = call.first_source(f"{name}.py", f"{name}/__main__.py")
    if source is not None:
        return served(call.running(words), source)
    program = _MODULES.get(name, name)
    return call.running((words[0].cut(program), *words[1:]))


def _http_server(call: Call) -> Result:
    options = Options(
        call.arguments,
        spelled(bind="-b --bind", directory="-d --directory", protocol="-p --protocol"),
    )
    port = next(iter(options.arguments), None)
    facts = speaks("http", call.place)
    if port is None:
        facts["port"] = default(8000, call.place, "http.server", _HTTP_SERVER)
    return Result(
        ("http.server",), ({**facts, **port_fact(port), **bind_fact(options.last("bind"))},)
    )


def _manage(call: Call) -> Found:
    """Commands of ``manage.py``; those that are not Django's own may listen."""
    arguments = list(call.arguments)
    while arguments and arguments[0].text.startswith("-"):
        arguments.pop(0)
    if not arguments:
        return NOTHING
    command = arguments[0].text
    source = call.source(call.words[0].text)
    if source is not None and "django" not in source.text:
        return None
    if command in ("runserver", "runserver_plus", "rundev"):
        return _runserver(call, arguments[1:], command)
    if command in ("migrate", "collectstatic", "check", "loaddata", "createsuperuser", "shell"):
        return NOTHING
    if command in ("qcluster", "rqworker", "celery", "run_huey", "process_tasks", "runcrons"):
        return NOTHING
    return None


def _runserver(call: Call, words: list[Word], command: str) -> Result:
    options = Options(
        words,
        spelled(settings="--settings --pythonpath", cert="--cert --cert-file --key-file"),
        spelled(ipv6="--ipv6 -6"),
    )
    given = options.arguments[0] if options.arguments else None
    facts = speaks("http", call.place)
    if not options.values.get("cert"):
        facts["tls"] = stated(False, Word("", call.place))
    host = "::1" if "ipv6" in options.flags else "127.0.0.1"
    if given is None or not given.text:
        facts["port"] = default(8000, call.place, "runserver", _RUNSERVER)
        facts["bind"] = default((host,), call.place, "runserver", _RUNSERVER)
        return Result(("django",), (facts,))
    text = given.text
    if text.isdigit():
        facts |= port_fact(given)
        facts["bind"] = default((host,), call.place, "runserver", _RUNSERVER)
    elif text.startswith("0:"):
        facts |= address(given.cut(f"{_ALL}{text[1:]}"))
    else:
        facts |= address(given)
    return Result(("django",), (facts,))


def _flask(call: Call) -> Found:
    names = spelled(
        app="-A --app -e --env-file", host="-h --host", port="-p --port", cert="--cert --key"
    )
    options = Options(call.arguments, names)
    command = options.arguments[0].text if options.arguments else ""
    if command != "run":
        return NOTHING if command in ("db", "init-db", "shell", "routes") else None
    host = options.last("host") or _flask_variable(call, "FLASK_RUN_HOST")
    port = options.last("port") or _flask_variable(call, "FLASK_RUN_PORT")
    facts = speaks("http", call.place, "werkzeug")
    facts["port"] = default(5000, call.place, "flask run", _FLASK)
    facts["bind"] = default(("127.0.0.1",), call.place, "flask run", _FLASK)
    facts = _replaced(facts, "port", port, port_fact(port))
    facts = _replaced(facts, "bind", host, bind_fact(host))
    certificate = options.last("cert") or call.variable("FLASK_RUN_CERT")
    facts["tls"] = stated(certificate is not None, certificate or Word("", call.place))
    return Result(("flask",), (facts,))


def _flask_variable(call: Call, name: str) -> Word | None:
    """A variable, or what the files say that ``flask`` takes variables from.

    Source: https://flask.palletsprojects.com/en/stable/cli/#environment-variables-from-dotenv
    """
    found = call.variable(name)
    for file in (".env", ".flaskenv"):
        source = call.source(file)
        for line in lines(source) if source is not None else ():
            if found is None and line.key.removeprefix("export ").strip() == name:
                found = line.value.cut(line.value.text.strip("\"'"))
    return found


def _replaced(facts: Facts, key: str, word: Word | None, found: Facts) -> Facts:
    """Facts with what a word says in place of a default, or nothing where that is not known."""
    if word is None:
        return facts
    return {name: fact for name, fact in facts.items() if name != key} | found


def _waitress(call: Call) -> Result:
    names = spelled(
        host="--host",
        port="--port",
        listen="--listen",
        socket="--unix-socket",
        mode="--unix-socket-perms",
        idle="--channel-timeout",
        headers="--max-request-header-size",
        body="--max-request-body-size",
    )
    options = Options(call.arguments, names)
    common = speaks("http", call.place, "waitress")
    common["tls"] = stated(False, Word("", call.place))
    common |= time_fact("keepalive.idle_timeout", options.last("idle"))
    common |= size_fact("limits.request_headers", options.last("headers"))
    common |= size_fact("limits.request_body", options.last("body"))
    path = options.last("socket")
    if path is not None:
        at = socket_fact(path, call.folder) | mode_fact(options.last("mode"))
        return Result(("waitress",), ({**common, **at},))
    listens = [one for word in options.all("listen") for one in word.text.split()]
    if listens:
        word = options.all("listen")[0]
        usual = Word("8080", word.place)
        made = [{**common, **address(word.cut(one), usual)} for one in listens]
        return Result(("waitress",), tuple(made))
    host, port = options.last("host"), options.last("port")
    facts = dict(common)
    facts["port"] = default(8080, call.place, "waitress", _WAITRESS)
    facts["bind"] = default((_ALL,), call.place, "waitress", _WAITRESS)
    facts = _replaced(facts, "port", port, port_fact(port))
    return Result(("waitress",), (_replaced(facts, "bind", host, bind_fact(host)),))


def _celery(call: Call) -> Result:
    """Workers listen at nothing; Flower does.

    Source: https://flower.readthedocs.io/en/latest/config.html
    """
    if not any(word.text == "flower" for word in call.arguments):
        return NOTHING
    options = Options(call.arguments, spelled(port="--port", host="--address"))
    port = options.last("port") or call.variable("FLOWER_PORT")
    facts = speaks("http", call.place)
    source = "https://flower.readthedocs.io/en/latest/config.html#port"
    facts["port"] = default(5555, call.place, "Flower", source)
    facts = _replaced(facts, "port", port, port_fact(port))
    return Result(("flower",), (facts,))


PROGRAMS: Mapping[str, Callable[[Call], Found]] = {
    "python": _python,
    "pypy": _python,
    "manage.py": _manage,
    "django-admin": _manage,
    "flask": _flask,
    "waitress-serve": _waitress,
    "celery": _celery,
}
