from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from lint502.findings import Finding, Severity
from lint502.report.graph import FrontNode, HopNode, ServerNode, graph_of, headline, worst
from lint502.report_model import FrontReport
from tests.support.canned import CLEAN, HOPS, REPORT, hop
from tests.support.pictures import with_fronts
from tests.support.sites import check, http


def finding(rule: str, severity: Severity, *hops: str, **about: object) -> Finding:
    place = REPORT.findings[0].place
    return replace(
        Finding(rule, severity, 502, "always", "x", place, hops=hops),
        **about,  # type: ignore[arg-type]
    )


def test_the_worst_comes_first() -> None:
    graph = graph_of(REPORT)
    assert [(server.name, server.state) for server in graph.servers] == [
        ("shop.example.com", "failed"),
        ("", "undeclared"),
        ("例え.jp", "passed"),
    ]
    assert [node.hop.id for node in graph.servers[0].hops] == [
        *("hop-1", "hop-2", "hop-3", "hop-4", "hop-5", "hop-8"),
    ]
    assert worst([]) == "passed"


def test_servers_are_those_of_the_report() -> None:
    graph = graph_of(with_fronts(REPORT))
    first = graph.servers[0]
    assert (first.name, first.listens, first.fronts) == ("shop.example.com", ("*:443 ssl",), (0, 1))
    assert [server.name for server in graph.servers] == ["shop.example.com", "", "例え.jp"]
    assert graph.servers[2] == ServerNode("例え.jp", (), "", (), (HopNode(HOPS[5], (4,)),))


def test_findings_stand_at_hops_and_fronts_the_worst_first() -> None:
    hidden = finding("c", Severity.ERROR, "1", behind=("x",))
    report = replace(
        CLEAN,
        hops=(hop(1, "failed"),),
        fronts=(FrontReport("edge", "aws-alb"), FrontReport("inner")),
        findings=(
            finding("i", Severity.INFO, "hop-1", front="inner"),
            finding("w", Severity.WARNING, "hop-1", "hop-1"),
            finding("e", Severity.ERROR, "hop-1"),
            finding("f", Severity.ERROR, front="edge"),
            finding("s", Severity.ERROR, "hop-of-another-report"),
        ),
        hidden=(replace(hidden, hops=("hop-1",)),),
    )
    graph = graph_of(report)
    (node,) = graph.servers[0].hops
    assert [graph.findings[number].rule for number in node.findings] == ["e", "w", "i", "c"]
    assert headline(graph, node) == "e 502 and w 502"
    assert graph.fronts == (
        FrontNode("edge", "aws-alb", "failed", (3,)),
        FrontNode("inner", None, "passed", (0,)),
    )
    assert graph.elsewhere == (4,)


def test_what_a_run_says_of_servers(tmp_path: Path) -> None:
    server = "server {{ listen {0}; server_name {1}; location / {{ proxy_pass http://a; }} }}\n"
    body = (
        "\n"
        + server.format("443 ssl default_server", "one.example two.example")
        + server.format("[::1]:8080 proxy_protocol", "local.example")
        + "server { server_name none.example; return 204; }\n"
    )
    spec = (
        '[upstream.a]\nport = 80\n[front.edge]\nkind = "aws-alb"\nservers = ["two.example"]\n'
        '[front.other]\nservers = ["three.example"]\n'
    )
    files = {"nginx.conf": http(body), "upstreams.toml": spec}
    report = check(tmp_path, files, specs=(str(tmp_path / "upstreams.toml"),))
    assert report.fronts == (FrontReport("edge", "aws-alb"), FrontReport("other"))
    assert [(one.name, one.listens, one.fronts) for one in report.servers] == [
        ("one.example", ("*:443 ssl",), ("edge", "other")),
        ("local.example", ("[::1]:8080 proxy_protocol",), ()),
    ]
    assert [one.hops for one in report.servers] == [(hop.id,) for hop in report.hops]
    assert {one.root for one in report.servers} == set(report.roots)
