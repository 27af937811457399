from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from lint502.report import Style
from lint502.report.graph import graph_of
from lint502.report.mermaid import DRAWN, READ, Limits, details, diagram, render
from lint502.report_model import Report
from tests.support.canned import CLEAN, REPORT
from tests.support.nasty import any_report
from tests.support.pictures import around, many, with_fronts

_EDGE = re.compile(r"(\w+) (==>|-\.->|-->) (\w+)")
_NODE = re.compile(r'(\w+)\W+"([ -!#-~]*)"\W*:::(\w+)')


def read(text: str) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """The labels of the nodes and the edges of a diagram, in which there is nothing else."""
    first, *lines = text.splitlines()
    assert first == "flowchart LR"
    nodes: dict[str, str] = {}
    edges = []
    for line in lines:
        node, edge = _NODE.fullmatch(line), _EDGE.fullmatch(line)
        if node is not None:
            assert node[1] not in nodes
            nodes[node[1]] = node[2]
        elif edge is not None:
            edges.append((edge[1], edge[2], edge[3]))
        else:
            assert line.startswith(("classDef ", "%% ")), line
    assert {end for start, _, last in edges for end in (start, last)} <= set(nodes)
    return nodes, edges


def written(report: Report, limits: Limits) -> str:
    text = diagram(graph_of(report), limits)
    assert len(text) <= limits.characters
    assert len(read(text)[1]) <= limits.edges
    return text


def test_fronts_stand_before_servers() -> None:
    nodes, edges = read(render(with_fronts(REPORT), Style()))
    assert (nodes["f0"], nodes["f1"]) == ("edge<br>aws-alb<br>front-keepalive-race", "inner")
    assert [edge for edge in edges if edge[0].startswith("f")] == [
        ("f0", "==>", "s0"),
        ("f1", "-->", "s0"),
    ]


def test_what_is_passed_is_folded_first() -> None:
    report = many(30, failing=2)
    whole = written(report, DRAWN)
    assert len(read(whole)[0]) == 1 + 30 + 60 + 30
    assert "%%" not in whole

    nodes, edges = read(written(report, Limits(50_000, 140)))
    assert nodes["s2pass2"] == "#10003; 2 locations passed"
    assert [edge for edge in edges if edge[0] == "s2pass2"] == [("s2pass2", "-->", "u2")]
    assert nodes["s0h0"] == "#10007; /<br>rule-0 502"

    text = written(report, Limits(50_000, 20))
    nodes, edges = read(text)
    assert nodes["folded"] == "28 more servers<br>#10003; 56 passed"
    assert ("f0", "-->", "folded") in edges
    assert nodes["s1h1"] == "#10007; /static/<br>rule-0 502"
    assert "%% hops of a server that are passed are one node; 28 servers in the node" in text


def test_what_fails_alike_is_folded_before_it_is_left_out() -> None:
    report = many(400, failing=300, rules=3)
    nodes, edges = read(written(report, READ))
    assert nodes["s0"] == "100 servers<br>site0.example.com, site3.example.com and 98 more"
    assert nodes["s0h"] == "#10007; 200 locations failed<br>rule-0 502"
    assert nodes["s0u"] == "100 upstreams"
    assert nodes["folded"] == "100 more servers<br>#10003; 200 passed"
    assert len(edges) == 3 * 3 + 1


def test_in_the_end_there_are_only_counts() -> None:
    nodes, edges = read(written(many(300, failing=300, rules=300), Limits(1000, 3)))
    assert nodes == {
        "f0": "edge<br>aws-alb",
        "folded": "300 servers<br>#10007; 600 failed",
    }
    assert edges == [("f0", "-->", "folded")]
    nodes, edges = read(written(many(2), Limits(1000, 0)))
    assert (list(nodes.values()), edges) == (["2 servers<br>#10003; 4 passed"], [])


@pytest.mark.parametrize("servers", [1, 40, 1000])
@pytest.mark.parametrize("limits", [DRAWN, READ, Limits(2000, 10)])
def test_within_limits(servers: int, limits: Limits) -> None:
    for failing in (0, servers // 2, servers):
        for rules in (1, 1000):
            nodes, _ = read(written(many(servers, failing, rules), limits))
            assert ("#10007;" in "".join(nodes.values())) == bool(failing)


@any_report
def test_any_text(report: Report) -> None:
    read(written(report, DRAWN))
    (text,) = details(report)
    assert text.count("```") == 2


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('a"b', "a#34;b"),
        ("~ ^/x#`<b>\\.php$", "#126; #94;/x#35;#96;#60;b#62;#92;.php#36;"),
        ("1. one", "1#46; one"),
        ("- one", "#45; one"),
        ("style a:#b;", "#115;tyle a:#35;b#59;"),
        ("classDef", "#99;lassDef"),
        ("fa:fa-car", "fa:#8288;fa-car"),
        ("\\new $$", "#92;#8288;new #36;#8288;#36;"),
        ("é\x1b[31m\udcff", "#233;#92;x1b#91;31m#92;xff"),
        ("a" * 40 + "b" * 40, "a" * 29 + "#8230;" + "b" * 29),
        ("10.0.0.1:80 /a-b", "10.0.0.1:80 /a-b"),
    ],
)
def test_labels(text: str, label: str) -> None:
    nodes, _ = read(render(around(text), Style()))
    assert nodes["f0"].split("<br>")[1] == label


def test_no_hops() -> None:
    assert render(replace(CLEAN, hops=()), Style()) == "flowchart LR\n"
    assert details(replace(CLEAN, hops=())) == []
