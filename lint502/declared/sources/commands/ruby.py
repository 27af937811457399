"""Ruby: Puma, Unicorn, Thin, ``rails server``, ``rackup`` and Thruster.

Sources: https://puma.io/puma/Puma/DSL.html, puma/puma@v7.2.1:lib/puma/configuration.rb,
https://guides.rubyonrails.org/command_line.html#bin-rails-server, rails/rails@v8.1.3:
railties/lib/rails/commands/server/server_command.rb, https://yhbt.net/unicorn/unicorn_1.html,
https://github.com/basecamp/thruster
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.calls import NOTHING, Call, Next, Result
from lint502.declared.sources.commands.facts import (
    ALL,
    address,
    bind_fact,
    default,
    port_fact,
    socket_fact,
    speaks,
    stated,
)
from lint502.declared.sources.commands.options import Options, spelled
from lint502.declared.sources.commands.ruby_settings import RubySettings, ruby_settings
from lint502.declared.sources.commands.words import Word
from lint502.deployment.texts import Unread
from lint502.patterns import regex

Facts = dict[str, Fact[Any]]
Found = Call | Next | Result | None

_PUMA = "puma/puma@v7.2.1:lib/puma/configuration.rb"
_RAILS = "rails/rails@v8.1.3:railties/lib/rails/commands/server/server_command.rb"
_UNICORN = "https://yhbt.net/unicorn/unicorn_1.html"
_LOCKED = regex(r"^    puma \((\d+(?:\.\d+){0,3})\)$", re.MULTILINE)
_THRUSTER = "https://github.com/basecamp/thruster#custom-configuration"


def _puma(call: Call) -> Result:
    names = spelled(
        bind="-b --bind", port="-p --port", config="-C --config", environment="-e --environment"
    )
    other = spelled(other="-t --threads -w --workers -S --state --dir --pidfile --tag -I --plugin")
    options = Options(call.arguments, {**names, **other}, spelled(version="-V --version -h --help"))
    if "version" in options.flags:
        return NOTHING
    binds, port = options.all("bind"), options.last("port")
    common = speaks("http", call.place, _profile(call) or "puma")
    made = [{**common, **_bound(call, word)} for word in binds]
    if port is not None:
        made.append({**common, **port_fact(port)})
    settings, unread = _puma_settings(call, options)
    if unread is not None:
        known = [{**speaks("http", call.place), **one} for one in map(_address_alone, made)]
        return Result(("puma",), tuple(known or [{}]), bool(made), (unread,))
    common |= _puma_facts(settings)
    made = [{**common, **one} for one in made] or _puma_listeners(call, common, settings)
    if not made:
        made = [{**common, "port": default(9292, call.place, "Puma", _PUMA)}]
    return Result(("puma",), tuple(made), settings is None or settings.whole or bool(binds))


def _profile(call: Call) -> str | None:
    """Puma with the version that is locked; None where nothing says that it is the server."""
    source = call.source("Gemfile.lock")
    match = None if source is None else _LOCKED.search(source.text)
    if match is not None:
        return f"puma/{match[1]}"
    gemfile = call.source("Gemfile")
    named = gemfile is not None and re.search(r"gem [\"']puma[\"']", gemfile.text)
    return "puma" if named or call.first_source("config/puma.rb") is not None else None


def _address_alone(facts: Facts) -> Facts:
    return {key: fact for key, fact in facts.items() if key in ("port", "bind", "socket", "tls")}


def _puma_settings(call: Call, options: Options) -> tuple[RubySettings | None, Unread | None]:
    """The settings that count, and what cannot be read of them."""
    named = options.last("config")
    word = options.last("environment") or call.variable("RAILS_ENV", "RACK_ENV", "APP_ENV")
    stage = "development" if word is None else word.text
    if named is not None and named.text == "-":
        return None, None
    if named is not None:
        source = call.source(named.text)
        if source is None:
            return None, Unread(named.place, "Puma's settings are in a file that cannot be read")
    else:
        source = call.first_source(f"config/puma/{stage}.rb", "config/puma.rb")
    return None if source is None else ruby_settings(source, call.variables), None


def _puma_facts(settings: RubySettings | None) -> Facts:
    """What settings say of every address."""
    if settings is None:
        return {}
    facts: Facts = {}
    for key, name in (
        ("keepalive.idle_timeout", "persistent_timeout"),
        ("keepalive.max_requests", "max_keep_alive"),
    ):
        word = settings.last(name)
        if word is not None and word.text.isdigit() and int(word.text):
            number = int(word.text)
            facts[key] = stated(number * 1000 if name == "persistent_timeout" else number, word)
    return facts


def _puma_listeners(call: Call, common: Facts, settings: RubySettings | None) -> list[Facts]:
    """Where settings say that Puma listens."""
    if settings is None:
        return []
    made = [{**common, **_bound(call, word)} for word in settings.all("bind")]
    for words in settings.calls("port"):
        host = words[1] if len(words) > 1 else None
        made.append({**common, **port_fact(words[0]), **bind_fact(host)})
    for words in settings.calls("ssl_bind"):
        secure = {"tls": stated(True, words[0])}
        port = words[1] if len(words) > 1 else None
        made.append({**common, **secure, **bind_fact(words[0]), **port_fact(port)})
    return made


def _bound(call: Call, word: Word) -> Facts:
    """The facts of ``tcp://0.0.0.0:3000``, ``unix:///run/puma.sock``, ``ssl://…``."""
    text = word.text.partition("?")[0]
    facts = address(word.cut(text), folder=call.folder, host=ALL)
    if text.startswith("ssl://"):
        facts["tls"] = stated(True, word)
    return facts


def _rails(call: Call) -> Found:
    if not call.arguments or call.arguments[0].text not in ("server", "s"):
        return NOTHING if call.arguments else None
    names = spelled(
        port="-p --port", host="-b --binding", server="-u --using", stage="-e --environment"
    )
    options = Options(call.arguments[1:], {**names, **spelled(other="-P --pid -c --config")})
    using = options.last("server")
    common = speaks("http", call.place, _profile(call) if using is None else None)
    port = options.last("port") or call.variable("PORT")
    host = options.last("host") or call.variable("BINDING")
    settings = None
    if using is None:
        stage = options.last("stage") or call.variable("RAILS_ENV", "RACK_ENV")
        folder = "development" if stage is None else stage.text
        source = call.first_source(f"config/puma/{folder}.rb", "config/puma.rb")
        settings = None if source is None else ruby_settings(source, call.variables)
    common |= _puma_facts(settings)
    if host is not None and host.text.startswith(("unix:", "/", "ssl:", "tcp:")):
        return Result(("rails", "puma"), ({**common, **_bound(call, host)},))
    if port is not None:
        return Result(("rails", "puma"), ({**common, **port_fact(port), **bind_fact(host)},))
    made = _puma_listeners(call, common, settings)
    if made:
        return Result(("rails", "puma"), tuple(made), settings is None or settings.whole)
    usual = {"port": default(3000, call.place, "rails server", _RAILS)}
    return Result(("rails", "puma"), ({**common, **usual, **bind_fact(host)},))


def _unicorn(call: Call) -> Result:
    names = spelled(
        listen="-l --listen",
        port="-p --port",
        host="-o --host",
        config="-c --config-file",
        other="-E --env -P --pid -I --include -r --require",
    )
    options = Options(call.arguments, names, spelled(daemon="-D --daemonize"))
    named = options.last("config")
    source = None if named is None else call.source(named.text)
    common = speaks("http", call.place, "unicorn")
    listens = list(options.all("listen"))
    whole, unread = True, []
    if named is not None and source is None:
        unread = [Unread(named.place, "Unicorn's settings are in a file that cannot be read")]
        common = speaks("http", call.place)
        whole = False
    if source is not None:
        settings = ruby_settings(source, call.variables)
        listens += settings.all("listen")
        whole = settings.whole
        timeout = settings.last("timeout")
        if timeout is not None and timeout.text.isdigit() and int(timeout.text):
            common["timeouts.request"] = stated(int(timeout.text) * 1000, timeout)
    made = [{**common, **_listen(call, word)} for word in listens]
    port = options.last("port")
    if port is not None:
        made.append({**common, **port_fact(port), **bind_fact(options.last("host"))})
    if not made:
        usual = {"port": default(8080, call.place, "Unicorn", _UNICORN)} if whole else {}
        made = [{**common, **usual}]
    return Result(("unicorn",), tuple(made), whole, tuple(unread), "daemon" in options.flags)


def _listen(call: Call, word: Word) -> Facts:
    if word.text.isdigit():
        return port_fact(word)
    if word.text.startswith(("/", "~", "unix:")):
        return socket_fact(word.cut(word.text.removeprefix("unix:")), call.folder)
    return address(word, host=ALL)


def _thin(call: Call) -> Result:
    names = spelled(
        port="-p --port", host="-a --address", socket="-S --socket", config="-C --config"
    )
    options = Options(call.arguments, names)
    if not any(word.text == "start" for word in options.arguments):
        return NOTHING
    facts = speaks("http", call.place)
    path, port = options.last("socket"), options.last("port")
    if options.last("config") is not None:
        return Result(("thin",), ({**facts, **port_fact(port)},), whole=False)
    if path is not None:
        return Result(("thin",), ({**facts, **socket_fact(path, call.folder)},))
    if port is None:
        source = "https://github.com/macournoyer/thin (lib/thin/runner.rb)"
        facts["port"] = default(3000, call.place, "Thin", source)
    return Result(("thin",), ({**facts, **port_fact(port), **bind_fact(options.last("host"))},))


def _rackup(call: Call) -> Result:
    """``rackup``: which server it runs, the Gemfile says."""
    options = Options(
        call.arguments, spelled(port="-p --port", host="-o --host", other="-s --server -E --env")
    )
    facts = speaks("http", call.place)
    port = options.last("port")
    if port is None:
        source = "https://github.com/rack/rackup (lib/rackup/server.rb)"
        facts["port"] = default(9292, call.place, "rackup", source)
    return Result(("rackup",), ({**facts, **port_fact(port), **bind_fact(options.last("host"))},))


def _thruster(call: Call) -> Next | Result:
    """Thruster listens itself, and runs what it is given with PORT set to the port behind it."""
    words = call.arguments
    if not words:
        return NOTHING
    own = call.variable("HTTP_PORT", "THRUSTER_HTTP_PORT")
    facts = speaks("http", call.place)
    if own is None:
        facts["port"] = default(80, call.place, "Thruster", _THRUSTER)
    target = call.variable("TARGET_PORT", "THRUSTER_TARGET_PORT") or Word("3000", call.place)
    inner = replace(call, words=words, variables={**call.variables, "PORT": target})
    return Next((inner,), listeners=({**facts, **port_fact(own)},), programs=("thruster",))


def _ruby(call: Call) -> Found:
    """``ruby bin/rails server``; a script of its own is not read."""
    words = [word for word in call.arguments if not word.text.startswith("-")]
    if words and words[0].text.rpartition("/")[2] in ("rails", "puma", "unicorn", "rackup"):
        return call.running(words)
    return None


def _jekyll(call: Call) -> Result:
    options = Options(call.arguments, spelled(port="-P --port", host="-H --host"))
    if not options.arguments or options.arguments[0].text not in ("serve", "server", "s"):
        return NOTHING
    facts = speaks("http", call.place)
    source = "https://jekyllrb.com/docs/configuration/options/#serve-command-options"
    port, host = options.last("port"), options.last("host")
    if port is None:
        facts["port"] = default(4000, call.place, "Jekyll", source)
    if host is None:
        facts["bind"] = default(("127.0.0.1",), call.place, "Jekyll", source)
    return Result(("jekyll",), (facts | port_fact(port) | bind_fact(host),))


PROGRAMS: Mapping[str, Callable[[Call], Found]] = {
    "puma": _puma,
    "rails": _rails,
    "unicorn": _unicorn,
    "unicorn_rails": _unicorn,
    "thin": _thin,
    "rackup": _rackup,
    "thrust": _thruster,
    "ruby": _ruby,
    "jekyll": _jekyll,
}
