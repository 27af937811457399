"""What the client sees of a request that fails at one pair, by itself (``failover``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.failover import (
    BACKUP,
    Alternatives,
    Exposure,
    exposure,
    is_backup,
    more_servers,
)
from lint502.disagreements import Phase
from lint502.findings import Severity
from lint502.pairing import Pair
from tests.support.pairs import pairs_of
from tests.support.sites import http

ALWAYS = Exposure(Severity.ERROR, "always")
SOMETIMES = Exposure(Severity.ERROR, "sometimes")
NOT_TRIED = Exposure(Severity.ERROR, "sometimes", "nginx does not try another server for it")
HIDDEN = Exposure(
    Severity.WARNING, "sometimes", "the other servers of the block hide it until they fail too"
)


def first(folder: Path, servers: str = "server a:1;", settings: str = "") -> Pair:
    body = (
        f"upstream b {{ {servers} }} server {{ location / {{ {settings} proxy_pass http://b; }} }}"
    )
    return pairs_of(folder, http(body))[0]


def tried(most: int, failing: int) -> Exposure:
    clause = f"nginx tries {most} servers for a request, and {failing} of them fail"
    return Exposure(Severity.ERROR, "sometimes", clause)


@pytest.mark.parametrize(
    ("settings", "phase", "group", "alone", "expected"),
    [
        # all of them fail
        ("", "connect", (1, 1), True, ALWAYS),
        ("", "connect", (3, 3), True, ALWAYS),
        ("proxy_next_upstream off;", "connect", (2, 2), True, ALWAYS),
        ("", "reuse", (1, 1), True, ALWAYS),
        # but other values of a variable do not
        ("", "connect", (1, 1), False, SOMETIMES),
        # one answers
        ("", "connect", (2, 1), True, HIDDEN),
        ("", "connect", (3, 2), False, HIDDEN),
        ("proxy_next_upstream timeout;", "connect", (2, 1), True, NOT_TRIED),
        ("proxy_next_upstream_tries 1;", "connect", (2, 1), True, NOT_TRIED),
        ("", "send", (2, 1), True, NOT_TRIED),
        ("limit_except GET { deny all; }", "send", (2, 1), True, HIDDEN),
        ("", "later", (2, 1), True, NOT_TRIED),
        # a kept connection buys one more try, and no failure is counted
        ("", "reuse", (2, 1), True, SOMETIMES),
        ("proxy_next_upstream off;", "reuse", (2, 1), True, SOMETIMES),
        # not before the tries are over
        ("proxy_next_upstream_tries 2;", "connect", (3, 1), True, HIDDEN),
        ("proxy_next_upstream_tries 2;", "connect", (3, 2), True, tried(2, 2)),
        ("proxy_next_upstream_tries 2;", "connect", (9, 4), True, tried(2, 4)),
        ("proxy_next_upstream_tries 3;", "connect", (9, 2), True, HIDDEN),
        ("proxy_next_upstream_tries 0;", "connect", (9, 8), True, HIDDEN),
    ],
)
def test_what_the_client_sees(
    settings: str,
    phase: Phase,
    group: tuple[int, int],
    alone: bool,
    expected: Exposure,
    tmp_path: Path,
) -> None:
    size, failing = group
    pair = first(tmp_path, settings=settings)
    alternatives = Alternatives(size, failing, failing, primary_left=failing < size)
    assert exposure(pair, phase, None, alternatives, alone=alone) == expected


def test_the_methods_that_it_concerns(tmp_path: Path) -> None:
    one_left = Alternatives(2, 1, 1, primary_left=True)
    pair = first(tmp_path)
    assert exposure(pair, "send", frozenset(("GET",)), one_left, alone=True) == HIDDEN
    assert exposure(pair, "send", frozenset(("POST",)), one_left, alone=True) == NOT_TRIED


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (Alternatives(2, 1, 1, primary_left=True), BACKUP),
        (Alternatives(2, 1, 1, primary_left=False), HIDDEN),  # another backup server
        (Alternatives(2, 2, 2, primary_left=False), ALWAYS),
    ],
)
def test_a_backup_server(group: Alternatives, expected: Exposure, tmp_path: Path) -> None:
    backup, primary = "server a:1 backup;", "server b:1;"
    body = f"upstream b {{ {backup} {primary} }} server {{ location / {{ proxy_pass http://b; }} }}"
    pair, other = pairs_of(tmp_path, http(body))
    assert (is_backup(pair), is_backup(other)) == (True, False)
    assert exposure(pair, "connect", None, group, alone=True) == expected
    assert exposure(other, "connect", None, group, alone=True) != BACKUP


def test_a_pass_to_no_block_has_neither_backup_nor_more(tmp_path: Path) -> None:
    (pair,) = pairs_of(tmp_path, http("server { location / { proxy_pass http://a:1; } }"))
    assert not is_backup(pair)
    assert not more_servers(pair)


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ("server a:1;", False),
        ("server a:1; server b:1;", False),
        ("server a:1; server $x:1;", True),
        ("server a:1; server $B;", True),
        ("server a:1; server $B down;", False),
    ],
)
def test_servers_that_nobody_knows(servers: str, expected: bool, tmp_path: Path) -> None:
    """They may be well, so that not all fail."""
    pair = first(tmp_path, servers)
    assert more_servers(pair) is expected
    seen = exposure(pair, "connect", None, Alternatives(1, 1, 1, primary_left=False), alone=True)
    assert seen == (HIDDEN if expected else ALWAYS)
