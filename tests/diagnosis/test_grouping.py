from __future__ import annotations

import pickle

import pytest

from lint502.diagnosis.grouping import Grouping, Key, upstream_of
from lint502.diagnosis.statements import Place, Statement

REFUSED = Statement(
    "error",
    "connect() failed (111: Connection refused) while connecting to upstream",
    "shop.example",
    "GET /a HTTP/1.1",
    None,
    "http://127.0.0.1:3000/a",
    "shop.example",
)


class ByPath:
    """Finds a hop for each path but ``/both``."""

    def place(self, statement: Statement) -> Place:
        path = (statement.request or "").split(" ")[1]
        if path == "/both":
            return Place(None, f"two lead {path}", ("1", "2"))
        return Place(path)


@pytest.mark.parametrize(
    ("upstream", "expected"),
    [
        ("http://127.0.0.1:3000/a?b=/", "http://127.0.0.1:3000"),
        ("https://[::1]:443", "https://[::1]:443"),
        ("http://backend?a", "http://backend"),
        ("fastcgi://unix:/run/a/b.sock:", "fastcgi://unix:/run/a/b.sock"),
        ("http://unix:/run/a.sock:/path:1", "http://unix:/run/a.sock"),
        ("10.0.0.1:5432", "10.0.0.1:5432"),
        ("unix:/run/a.sock", "unix:/run/a.sock"),
        ("", ""),
    ],
)
def test_an_upstream_without_its_uri(upstream: str, expected: str) -> None:
    assert upstream_of(REFUSED._replace(upstream=upstream)) == expected


def test_an_upstream_that_only_the_message_names() -> None:
    message = "api.internal could not be resolved (3: Host not found)"
    assert upstream_of(Statement("error", message)) == "api.internal"
    assert upstream_of(Statement("error", "nothing of the kind")) == ""


def test_a_group_has_cause_upstream_and_hop_in_common() -> None:
    group = Grouping(ByPath())
    first = group(REFUSED)
    assert first is not None
    assert (first.cause.name, first.upstream, first.place.hop) == (
        "refused",
        "http://127.0.0.1:3000",
        "/a",
    )
    assert group(REFUSED._replace(host="b", upstream="http://127.0.0.1:3000/x")) is first
    assert group(REFUSED._replace(upstream="http://127.0.0.1:3001/a")) != first
    assert group(REFUSED._replace(request="GET /b HTTP/1.1")) != first
    closed = "upstream prematurely closed connection while reading response header from upstream"
    assert group(REFUSED._replace(message=closed)) != first


def test_why_a_hop_is_not_known_tells_no_groups_apart() -> None:
    one = Key(Grouping()(REFUSED).cause, "", Place(None, "because", ("1",)))  # type: ignore[union-attr]
    assert one == Key(one.cause, "", Place(None, "otherwise", ("1",)))
    assert one != Key(one.cause, "", Place(None, "because", ("2",)))
    assert pickle.loads(pickle.dumps(one)) == one


def test_what_bears_on_no_upstream_has_no_group() -> None:
    assert Grouping()(Statement("notice", "signal process started")) is None
    assert Grouping()(Statement("error", "access forbidden by rule", "a", "GET / HTTP/1.1")) is None


def test_messages_that_are_not_known_by_their_form() -> None:
    group = Grouping()
    keys = [
        group(REFUSED._replace(message=f'upstream said "{n}" at {n}.5', level=level))
        for n, level in enumerate(("error", "crit", "warn"))
    ]
    assert [key and (key.kind, key.cause.failure) for key in keys] == [
        ("upstream said … at …", True),
        ("upstream said … at …", True),
        ("upstream said … at …", False),
    ]
    forms = {group(REFUSED._replace(message="x" * n)) for n in range(1, 200)}
    assert len(forms) < 110


def test_groups_are_bounded() -> None:
    group = Grouping()
    keys = {
        group(REFUSED._replace(upstream=f"http://10.{a}.{b}.1:80/"))
        for a in range(100)
        for b in range(60)
    }
    assert len(keys) == 5001
    assert Key(next(iter(keys)).cause, "", Place(None)) in keys  # type: ignore[union-attr]
