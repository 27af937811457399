"""The versions of TLS that nginx offers to an upstream.

``*_ssl_protocols`` says which; ``*_ssl_conf_command`` gives OpenSSL commands after that, which may
turn versions on and off (``Protocol``), or leave only those up to one, or from one on
(``MinProtocol``, ``MaxProtocol``). Sources: ``ngx_ssl_create()`` and ``ngx_ssl_conf_commands()`` in
``src/event/ngx_event_openssl.c``, and OpenSSL's SSL_CONF_cmd(3).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from lint502.behaviour.tls import family
from lint502.nginx.hops import Hop
from lint502.nginx.scope import Setting, Value
from lint502.nginx.setting_lines import SettingLines, called

VERSIONS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""In their order."""

_COMMANDS = ("protocol", "minprotocol", "maxprotocol")
_FOLDED = {version.lower(): version for version in VERSIONS}
_BY_ALL = frozenset(VERSIONS) - {"SSLv2", "SSLv3"}
"""What ``ALL`` turns on; OpenSSL is built without the others."""


def protocols(hop: Hop) -> Value[frozenset[str]] | None:
    """The versions of TLS that nginx offers; None where they are not known. Where commands change
    them, the setting is that of the commands."""
    found = hop.scope.words(f"{family(hop)}_ssl_protocols")
    commands = hop.scope.setting(f"{family(hop)}_ssl_conf_command")
    if found is None or not found.value or commands is None or not commands.complete:
        return None
    named = called(commands.lines)
    used = sorted(index for command in _COMMANDS for index in named.get(command, ()))
    if not used:
        return found
    versions = _after(found.value, [commands.lines[index] for index in used])
    if versions is None:
        return None
    setting = replace(
        commands,
        lines=SettingLines(commands.lines[index] for index in used),
        directives=tuple(commands.directives[index] for index in used),
    )
    return found if versions == found.value else Value(versions, setting)


def by_commands(setting: Setting) -> bool:
    """Whether a setting of :func:`protocols` is that of commands."""
    return setting.name.endswith("_ssl_conf_command")


def _after(offered: frozenset[str], commands: Sequence[Sequence[str]]) -> frozenset[str] | None:
    """The versions that are left on; None where OpenSSL refuses a command."""
    on: frozenset[str] = offered
    least, most = VERSIONS[0], VERSIONS[-1]
    for command in commands:
        if len(command) != 2:
            return None
        name, value = command[0].lower(), command[1]
        if name == "protocol":
            switched = _switched(on, value)
            if switched is None:
                return None
            on = switched
        elif value != "None" and value not in VERSIONS:
            return None
        elif name == "minprotocol":
            least = VERSIONS[0] if value == "None" else value
        else:
            most = VERSIONS[-1] if value == "None" else value
    start, end = VERSIONS.index(least), VERSIONS.index(most)
    return on.intersection(VERSIONS[start : end + 1])


def _switched(on: frozenset[str], words: str) -> frozenset[str] | None:
    """After a list such as ``-ALL,TLSv1.3``: a version without a minus is turned on, the others
    stay as they are."""
    for word in words.split(","):
        word = word.strip()
        named = word.lstrip("+-") if word[:2] not in ("++", "+-", "-+", "--") else ""
        versions = _BY_ALL if named.lower() == "all" else {_FOLDED.get(named.lower(), "")}
        if "" in versions:
            return None
        on = on - versions if word.startswith("-") else on | versions
    return on
