from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "max-conns"
SPEC = "[[upstream.up]]\nport = 1\n[[upstream.up]]\nport = 2\n"
TWO = "server 127.0.0.1:1 max_conns=3;\nserver 127.0.0.1:2 max_conns=4;"


def limited(line: int) -> Found:
    return Found(line, "warning", 502, "sometimes", RULE, None)


def body(servers: str) -> str:
    return f"upstream b {{\n{servers}\n}} server {{ location / {{ proxy_pass http://b; }} }}"


@pytest.mark.parametrize(
    ("servers", "line"),
    [
        (TWO, 2),
        ("server 127.0.0.1:1 max_conns=1;", 2),
        ("server 127.0.0.1:1 down;\nserver 127.0.0.1:2 max_conns=1;", 3),
        ("server 127.0.0.1:1 max_conns=1; server 127.0.0.1:2 max_conns=1 backup;", 2),
        ("server name:1 max_conns=1;", 2),
        # one without a limit
        ("server 127.0.0.1:1 max_conns=1; server 127.0.0.1:2;", None),
        ("server 127.0.0.1:1 max_conns=1; server 127.0.0.1:2 backup;", None),
        ("server 127.0.0.1:1 max_conns=0;", None),
        ("server 127.0.0.1:1 max_conns=0; server 127.0.0.1:2 max_conns=1;", None),
        ("server 127.0.0.1:1 max_conns=few;", None),
        ("server 127.0.0.1:1;", None),
        ("server 127.0.0.1:1 down max_conns=1;", None),
        # commercial: they wait
        (f"{TWO} queue 100 timeout=70;", None),
        # chosen elsewhere
        (f"{TWO} balancer_by_lua_file x;", None),
        (f"{TWO} include unseen/*.conf;", None),
    ],
)
def test_which_blocks(lint: Lint, servers: str, line: int | None) -> None:
    rows = [row for row in lint(body(servers), SPEC, files={"x": ""}) if row.rule == RULE]
    assert rows == ([] if line is None else [limited(line)])


def test_a_block_that_nothing_passes_to(lint: Lint) -> None:
    assert lint(f"upstream b {{ {TWO} }} server {{ location / {{ return 204; }} }}") == []


def test_a_block_is_told_once_with_its_hops(findings: Findings) -> None:
    text = body(TWO) + "server { listen 81; location / { proxy_pass http://b; } }"
    (finding,) = findings(text, SPEC)
    assert len(finding.hops) == 2
    assert [(p.line, p.note) for p in (finding.place, *finding.related)] == [
        (2, "no more than this"),
        (3, "nor here"),
    ]
    assert finding.message == (
        'with max_conns upstream "b" takes 7 requests at a time, and nginx has no queue: what '
        "comes while all are busy gets 502 at once"
    )


def message(findings: Findings, servers: str, workers: str = "") -> str:
    def wrap(text: str) -> str:
        return f"{workers} events {{}} http {{{text}}}\n"

    (finding,) = findings(body(servers), SPEC, wrap=wrap)
    return finding.message


EACH = " in each worker process, and nginx"


@pytest.mark.parametrize(
    ("workers", "zone", "each"),
    [
        ("worker_processes auto;", "", True),
        ("worker_processes 4;", "", True),
        ("worker_processes 4;", "zone b 64k;", False),
        ("worker_processes 1;", "", False),
        ("", "", False),
    ],
)
def test_who_counts(findings: Findings, workers: str, zone: str, each: bool) -> None:
    assert (EACH in message(findings, f"{TWO} {zone}", workers)) is each


def test_a_name_may_have_several_addresses(findings: Findings) -> None:
    assert message(findings, "server up:1 max_conns=1;") == (
        'every server of upstream "b" has max_conns, and nginx has no queue: what comes while all '
        "are busy gets 502 at once"
    )


def test_stream(findings: Findings) -> None:
    text = f"upstream b {{\n{TWO}\n}} server {{ listen 9; proxy_pass b; }}"
    facts = SPEC.replace("port", 'protocol = "tcp"\nport')
    (finding,) = findings(text, facts, wrap=stream)
    assert finding.message == (
        'with max_conns upstream "b" takes 7 connections at a time, and nginx has no queue: what '
        "comes while all are busy is closed at once"
    )
