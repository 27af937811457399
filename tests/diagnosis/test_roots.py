from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lint502.diagnosis.roots import UNEXPLAINED, Roots
from lint502.nginx.version import Version
from lint502.options import Options
from lint502.run import Result
from tests.support.sites import OLD, examine, http, write

TWO_SERVERS = """
upstream app {
    server 127.0.0.1:3000;
    server 127.0.0.1:4000;
}
server {
    location / {
        proxy_pass http://app;
    }
    location /well/ {
        proxy_pass http://127.0.0.1:5000;
    }
}
"""

SPEC = """
[upstream.one]
hosts = ["127.0.0.1"]
port = 3000
tls = true

[upstream.two]
hosts = ["127.0.0.1"]
port = 4000
protocol = "fastcgi"

[upstream.three]
hosts = ["127.0.0.1"]
port = 5000
"""


@dataclass(frozen=True)
class Candidate:
    rules: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Cause:
    candidates: tuple[Candidate, ...]
    message: str | None = None


def checked(folder: Path, body: str, spec: str) -> Result:
    write(folder, {"nginx.conf": http(body), "upstreams.toml": spec})
    root = str(folder / "nginx.conf")
    options = Options(
        working_directory=folder, roots=(root,), version=Version.parse(OLD), version_origin="option"
    )
    return examine(options)


EITHER = Cause((Candidate(("protocol-mismatch",)), Candidate(("tls-mismatch",))))


def hop_of(result: Result, location: str) -> str:
    return next(hop.id for hop in result.report.hops if hop.location == location)


def test_the_finding_about_the_server_of_the_record_is_the_root(tmp_path: Path) -> None:
    result = checked(tmp_path, TWO_SERVERS, SPEC)
    hop = hop_of(result, "/")
    found = {
        upstream: root.finding.rule
        for upstream in ("http://127.0.0.1:3000/x", "http://127.0.0.1:4000/x")
        if (root := Roots(result).of(EITHER, hop, upstream)) is not None and root.finding
    }
    assert found == {
        "http://127.0.0.1:3000/x": "tls-mismatch",
        "http://127.0.0.1:4000/x": "protocol-mismatch",
    }


def test_the_root_names_the_claim_and_the_line_of_the_hop(tmp_path: Path) -> None:
    result = checked(tmp_path, TWO_SERVERS, SPEC)
    root = Roots(result).of(EITHER, hop_of(result, "/"), "http://127.0.0.1:3000/x")
    assert root is not None and root.finding is not None and root.claim is not None
    assert (root.hop.file, root.hop.line) == ("nginx.conf", 8)
    assert (root.claim.file, root.claim.line) == ("upstreams.toml", 5)
    assert root.fix == root.finding.fix


def test_the_likeliest_candidate_comes_first(tmp_path: Path) -> None:
    result = checked(tmp_path, TWO_SERVERS, SPEC)
    hop = hop_of(result, "/")
    turned = Cause(tuple(reversed(EITHER.candidates)))
    found = [Roots(result).of(cause, hop) for cause in (EITHER, turned)]
    assert [root.finding.rule for root in found if root and root.finding] == [
        "protocol-mismatch",
        "tls-mismatch",
    ]


def test_where_nothing_disagrees_it_says_what_to_look_at(tmp_path: Path) -> None:
    result = checked(tmp_path, TWO_SERVERS, SPEC)
    down = Candidate(run=("ss -ltn", "docker compose ps"), text="The server is down.")
    cause = Cause((down, Candidate(("port-mismatch",), ("ss -ltnp",))), "connection-refused")
    root = Roots(result).of(cause, hop_of(result, "/well/"), "http://127.0.0.1:5000/")
    assert root is not None and root.finding is None
    assert root.why == f"{UNEXPLAINED}: The server is down."
    assert root.look == ("ss -ltn", "docker compose ps")


def test_a_finding_is_known_by_its_line_of_the_log(tmp_path: Path) -> None:
    body = "\nserver {\n location / {\n proxy_pass http://127.0.0.1:3001;\n }\n}\n"
    spec = '[upstream.one]\nhosts = ["127.0.0.1"]\nport = 3000\n'
    result = checked(tmp_path, body, spec)
    root = Roots(result).of(Cause((), "connection-refused"), hop_of(result, "/"))
    assert root is not None and root.finding is not None
    assert root.finding.rule == "port-mismatch"
    assert Roots(result).of(Cause((), "closed-early"), hop_of(result, "/")) is not None
    closed = Roots(result).of(Cause((), "closed-early"), hop_of(result, "/"))
    assert closed is not None and closed.finding is None


def test_what_another_finding_hides_counts_too(tmp_path: Path) -> None:
    body = "\nserver {\n location / {\n proxy_pass http://127.0.0.1:3000;\n }\n}\n"
    spec = (
        '[upstream.one]\nhosts = ["127.0.0.1"]\nport = 3000\ntls = true\n'
        'timeouts = { response = "5m" }\n'
    )
    result = checked(tmp_path, body, spec)
    root = Roots(result).of(Cause((Candidate(("read-timeout",)),)), hop_of(result, "/"))
    assert root is not None and root.finding is not None
    assert (root.finding.rule, root.behind) == ("read-timeout", True)


def test_what_the_server_answers_sometimes_ends_no_connection(tmp_path: Path) -> None:
    body = "\nserver {\n location / {\n proxy_pass http://127.0.0.1:3000;\n }\n}\n"
    cause = Cause((Candidate(("request-header-limit",)),))
    found = []
    for number, overflow in enumerate(("answer", "close")):
        spec = (
            '[upstream.one]\nhosts = ["127.0.0.1"]\nport = 3000\n'
            f'limits = {{ request_headers = "4k", overflow = "{overflow}" }}\n'
        )
        result = checked(tmp_path / str(number), body, spec)
        root = Roots(result).of(cause, hop_of(result, "/"))
        assert root is not None
        found.append(None if root.finding is None else root.finding.status)
    assert found == [None, 502]


def test_an_unknown_hop_has_no_root(tmp_path: Path) -> None:
    assert Roots(checked(tmp_path, TWO_SERVERS, SPEC)).of(EITHER, "nowhere") is None
