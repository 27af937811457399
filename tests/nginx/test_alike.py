"""Hops that stand for others where there are very many pairs, and what is left out beyond that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lint502.findings import Problem
from lint502.nginx import alike, variables
from lint502.nginx.alike import stand_ins
from lint502.report_model import Report
from tests.support.sites import check, hops_of, http

MAP = "\nmap $http_x $m { a 10.0.0.1:80; b 10.0.0.2:80; c 10.0.0.3:80; }\n"
SPEC = "".join(
    f"[upstream.t{n}]\nhosts = ['10.0.0.{n}']\nport = {80 + (n == 2)}\nserver = 'node'\n"
    for n in (1, 2, 3)
)


def few(monkeypatch: pytest.MonkeyPatch, together: int, pairs: int = 1000) -> None:
    monkeypatch.setattr(alike, "MAX_TOGETHER", together)
    monkeypatch.setattr(alike, "MAX_PAIRS", pairs)


def same(folder: Path, body: str) -> list[tuple[str, list[str]]]:
    """Which hop stands for which, by the names of their servers and locations."""
    hops, _ = hops_of(folder, http(body))
    label = {hop.id: f"{hop.server}{hop.location}" for hop in hops}
    found = stand_ins(hops)
    return [(label[one], [label[hop.id] for hop in others]) for one, others in found.items()]


def server(name: str, inside: str = "", location: str = "/") -> str:
    passing = f"location {location} {{ proxy_pass http://$m; {inside} }}"
    return f"server {{ server_name {name}; {passing} }}\n"


def test_few_hops_stand_for_themselves(tmp_path: Path) -> None:
    assert same(tmp_path, MAP + server("a") + server("b")) == []


ALIKE: dict[str, Callable[[], str]] = {
    "names, logs and certificates of their own": lambda: (
        "server { server_name a; access_log /a; ssl_certificate a; location /a { root /a; "
        "proxy_pass http://$m; } } server { server_name b; location /b/ { proxy_pass http://$m; } }"
    ),
    "two locations of a server": lambda: (
        "server { server_name x; location /a { proxy_pass http://$m; } "
        "location /b/ { proxy_pass http://$m; } }"
    ),
    "what a variable was set to": lambda: "".join(
        f"server {{ server_name {name}; set $b $m; location / {{ proxy_pass http://$b; }} }}"
        for name in "ab"
    ),
    "ports": lambda: "".join(
        f"server {{ listen {port} ssl; location / {{ proxy_pass http://$m; }} }}" for port in (1, 2)
    ),
    "a block": lambda: (
        "upstream u { server 10.0.0.1; server 10.0.0.2; } server { location /a { proxy_pass "
        "http://u; } location /b { proxy_pass http://u; } }"
    ),
}
DIFFERENT: dict[str, str] = {
    "a setting": server("a", "proxy_read_timeout 5s;") + server("b"),
    "a setting of the server": "server { proxy_read_timeout 5s; location / { proxy_pass "
    "http://$m; } }" + server("b"),
    "what is written": server("a")
    + "server { location / { proxy_pass https://$m; } }",
    "an if": server("a", "if ($http_x) { return 444; }") + server("b"),
    "parameters of listen": "server { listen 80 proxy_protocol; location / { proxy_pass "
    "http://$m; } }" + server("b"),
    "a location that an error page may lead to": "error_page 404 /x;"
    + server("a", location="/x") + server("b", location="/y"),
    "a named location": server("a", location="@x") + server("b", location="@y"),
    "behind a return": server("a", "return 404;") + server("b"),
    "the targets": "map $http_y $n { a 10.0.0.1:80; b 10.0.0.2:80; }"
    + server("a") + server("b").replace("$m", "$n"),
}  # fmt: skip


@pytest.mark.parametrize("case", ALIKE)
def test_one_stands_for_another(tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, 1)
    found = same(tmp_path, MAP + ALIKE[case]())
    assert [len(others) for _, others in found] == [1]


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_bears_on_a_hop_tells_it_from_others(
    tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, 1)
    assert same(tmp_path, MAP + DIFFERENT[case]) == []


def tenants(folder: Path, inside: str = "") -> Report:
    body = MAP + "".join(server(f"s{n}", inside.replace("@", str(n))) for n in range(5))
    return check(folder, {"nginx.conf": http(body), "upstreams.toml": SPEC})


def test_what_is_found_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wrong port is one entry of the map, which all hops share; other findings stand where the
    first hop has them, and concern all."""
    whole = tenants(tmp_path)
    few(monkeypatch, 5)
    report = tenants(tmp_path)
    wrong, wrong_whole = (
        next(one for one in each.findings if one.rule == "port-mismatch")
        for each in (report, whole)
    )
    assert wrong == wrong_whole
    assert len(wrong.hops) == 5
    assert report.hops == whole.hops
    assert {hop.state for hop in report.hops} == {"failed"}
    assert (report.problems, whole.problems) == ((), ())
    rules = {(one.rule, one.severity, one.upstream) for one in whole.findings}
    assert {(one.rule, one.severity, one.upstream) for one in report.findings} == rules
    everywhere = {hop for one in whole.findings for hop in one.hops}
    assert {hop for one in report.findings for hop in one.hops} == everywhere


def test_more_pairs_than_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, 5, 7)
    monkeypatch.setattr(alike, "FEWEST", 1)
    report = tenants(tmp_path, "proxy_read_timeout 1@s;")
    assert report.problems == (
        Problem(
            "nginx.conf",
            5,
            "the 5 hops have 15 targets together, more than the 7 that lint502 looks at: from here "
            "on, of 3 hops only the first 1 targets",
            40,
        ),
    )
    assert [len(hop.targets) for hop in report.hops] == [3, 3, 1, 1, 1]
    assert [hop.state for hop in report.hops] == ["failed", "failed", *["undecidable"] * 3]
    assert report.hops[-1].reason == "only 1 of its 3 targets were looked at"


def test_more_texts_than_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variables, "MAX_TEXTS", 6)
    body = MAP + "".join(
        f"server {{ location / {{ proxy_pass http://$m/{n}; }} }}\n" for n in range(4)
    )
    report = check(tmp_path, {"nginx.conf": http(body)})
    assert [hop.state for hop in report.hops] == [*["undeclared"] * 2, *["undecidable"] * 2]
    said = "the values of variables come to more than 100000 texts; where some hops lead was not "
    assert report.problems == (Problem("nginx.conf", 5, f"{said}looked at", 21),)
