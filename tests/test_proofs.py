"""``docs/proofs.toml``: what it holds, and what counts as the same in a fresh run. That it is what
nginx answers is tested where the pages are run, in ``lab/test_pages.py``."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from lint502.evidence import Step
from lint502.nginx.version import Version
from lint502.pages import page
from lint502.rule_names import RULES
from tools import proofs
from tools.proofs import Answers, Proof, Proofs

RECORDED = proofs.load()
REFUSED = "connect() failed (111: Connection refused) while connecting to upstream"


def test_every_rule_has_a_proof_for_each_version() -> None:
    assert [version[:2] for version in RECORDED.versions] == [(1, 18), (1, 22), (1, 26), (1, 30)]
    assert tuple(RECORDED.of) == RULES
    for rule, rows in RECORDED.of.items():
        assert len(rows) == len(RECORDED.versions)
        assert all((row.example is None) == (page(rule).status is None) for row in rows)


def test_the_text_of_the_file() -> None:
    assert proofs.written(RECORDED) == proofs.FILE.read_text(encoding="utf-8")


def test_the_versions_of_a_branch_stand_for_each_other() -> None:
    row = Proof(None, Answers(("200",)))
    recorded = Proofs((Version(1, 30, 6),), {"port-mismatch": (row,)})
    assert recorded.get("port-mismatch", Version(1, 30, 0)) is row
    assert recorded.get("port-mismatch", Version(1, 31, 0)) is None
    assert recorded.get("static-dns", Version(1, 30, 6)) is None


def test_what_counts_of_steps() -> None:
    failed = Step("GET /", 502, True, ("something else", REFUSED))
    well = Step("GET /", 200, True, ())
    steps = [
        replace(well, status=500, opening=True),
        replace(well, status=503, cause=True),
        failed,
        well,
        well,
    ]
    assert proofs.answers(steps, REFUSED) == Answers(("200", "502"), REFUSED)
    assert proofs.answers(steps) == Answers(("200", "502"))


TLS = "SSL_do_handshake() failed (SSL: {}) while SSL handshaking to upstream"


@pytest.mark.parametrize(
    ("found", "same"),
    [
        (Answers(("200", "502"), TLS.format("error:0A000458")), True),
        (Answers(("502",), TLS.format("error:14094458")), True),
        (Answers(("200",), TLS.format("error:0A000458")), False),
        (Answers(("200", "504"), TLS.format("error:0A000458")), False),
        (Answers(("200", "502"), REFUSED), False),
        (Answers(("200", "502")), False),
    ],
)
def test_what_is_alike(found: Answers, same: bool) -> None:
    assert proofs.alike(found, Answers(("200", "502"), TLS.format("error:0A000458"))) is same
    assert not proofs.alike(found, None)


def test_what_is_well_is_compared_too() -> None:
    assert proofs.alike(Answers(("101",)), Answers(("101",)))
    assert not proofs.alike(Answers(("200",)), Answers(("101",)))
