from __future__ import annotations

from typing import Any

import pytest
import tomli

from lint502.declared.listeners import Fact, Listener
from lint502.nginx.addresses import Address
from lint502.places import Place
from lint502.probing.answers import Seen, answer
from lint502.probing.correcting import Corrected, UncorrectableError, corrected
from lint502.probing.subjects import Subject
from lint502.standing import Standing

SPEC = """\
# What stands behind nginx.

[upstream.api] # the shop
port = 8000   # since 2019
http_versions = ["1.0"] # old
keepalive.idle_timeout = "5s"

[upstream.api.tls] # everywhere
versions = ["TLSv1.2"]

[[upstream.two]]
port = 1
tls = false
[[upstream.two]]
port = 2 # the second
tls = false # not yet

[upstream.php]
socket = "/run/php.sock" # by systemd
"""
PLACE = Place("upstreams.toml", 3, 1, 2)


def correct(
    upstream: str,
    key: str,
    value: Any,
    *,
    text: str = SPEC,
    port: int = 8000,
    standing: Standing = Standing.DECLARED,
    **more: Any,
) -> Corrected:
    listener = Listener(upstream, PLACE, (), port=Fact(port, PLACE))
    subject = Subject(upstream, listener, Address("127.0.0.1", port), PLACE)
    found = answer(Seen(key, value, wrong=True, **more), Fact("x", PLACE, standing))
    return corrected(text, "upstreams.toml", [(subject, found)])


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("http_versions", ("1.0", "1.1"), '["1.0"] # old', '["1.0", "1.1"] # old'),
        ("keepalive.idle_timeout", 75_000, '"5s"', '"75s"'),
        ("tls.versions", ("TLSv1.3",), '["TLSv1.2"]', '["TLSv1.3"]'),
    ],
)
def test_a_value_is_replaced_and_nothing_else(
    key: str, value: Any, before: str, after: str
) -> None:
    found = correct("api", key, value)
    assert found.text == SPEC.replace(before, after)
    assert [str(one) for one in found.changed] == [f"api: {key} = {after.partition(' #')[0]}"]


def test_of_several_listeners_the_one_that_was_asked() -> None:
    found = correct("two", "tls", True, port=2)
    assert found.text == SPEC.replace("tls = false # not yet", "tls = true # not yet")


def test_what_another_file_claims_is_declared() -> None:
    found = correct("php", "socket.mode", 0o666, standing=Standing.STATED)
    written = tomli.loads(found.text)["upstream"]["php"]["socket"]
    assert written == {"path": "/run/php.sock", "mode": "0666"}
    found = correct("api", "limits.request_headers", 16384, standing=Standing.DEFAULT)
    assert tomli.loads(found.text)["upstream"]["api"]["limits"] == {"request_headers": "16k"}
    assert found.text.startswith("# What stands behind nginx.\n\n[upstream.api] # the shop\n")


def test_what_is_denied_goes() -> None:
    written = tomli.loads(correct("api", "tls", False).text)["upstream"]["api"]
    assert written["tls"] is False
    written = tomli.loads(correct("api", "keepalive", False).text)["upstream"]["api"]
    assert written["keepalive"] is False


@pytest.mark.parametrize("key", ["connects", "framing", "socket.directories", "socket"])
def test_what_is_to_be_corrected_elsewhere(key: str) -> None:
    found = correct("api", key, None, words="it is so")
    assert (found.text, found.changed) == (SPEC, ())
    assert found.left == (f"api: {key}: it is so",)


def test_a_bound_is_no_value() -> None:
    found = correct("api", "keepalive.idle_timeout", 90_000, at_least=True)
    assert (found.text, found.left) == (SPEC, ("api: keepalive.idle_timeout: more than 90s",))


def test_no_table_is_about_it() -> None:
    found = correct("two", "tls", True, port=3)
    assert (found.text, found.changed) == (SPEC, ())
    assert found.left == ("two: tls: no table of upstreams.toml is about it alone; "
                          "upstreams.toml:3 says it",)  # fmt: skip


@pytest.mark.parametrize("text", ["[upstream", "a = 1\na = 2\n"])
def test_what_is_no_toml(text: str) -> None:
    with pytest.raises(UncorrectableError, match="is not valid TOML"):
        correct("api", "tls", True, text=text)


def test_what_would_contradict_itself() -> None:
    text = '[upstream.api]\nport = 8000\nprotocol = "http"\nhttp_versions = ["1.1"]\n'
    with pytest.raises(UncorrectableError, match="would contradict itself"):
        correct("api", "protocol", "fastcgi", text=text)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_lines_stay_as_they_end(mark: str) -> None:
    text = mark + SPEC.replace("\n", "\r\n")
    assert correct("api", "keepalive.idle_timeout", 6_000, text=text).text == text.replace(
        '"5s"', '"6s"'
    )
