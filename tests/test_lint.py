"""The run as a whole: states, merging, the summary, where specs are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.findings import Problem, Severity
from lint502.nginx.files import PathMap
from tests.support.sites import NEW, OLD, check, found, http, write

API = "[upstream.api]\nport = 3000\n"
WHOLE = f"complete = true\n{API}"


def server(*urls: str) -> str:
    return "server {" + "".join(
        f"\nlocation /{n} {{ proxy_pass {url}; }}" for n, url in enumerate(urls)
    ) + "}"  # fmt: skip


def states(folder: Path, body: str, spec: str = API, **options: object) -> list[tuple[str, str]]:
    report = check(folder, {"nginx.conf": http(body), "upstreams.toml": spec}, **options)  # type: ignore[arg-type]
    return [(hop.location, hop.state) for hop in report.hops]


class TestStates:
    @pytest.mark.parametrize(
        ("url", "state"),
        [
            ("http://127.0.0.1:3000", "passed"),
            ("http://api:3000", "passed"),
            ("http://api:3001", "failed"),
            ("http://127.0.0.1:3001", "failed"),
            ("http://other:3000", "undeclared"),
            ("http://$http_x", "undecidable"),
            # a finding counts more than what is not known
            ("http://$host", "failed"),
        ],
    )
    def test_of_one_hop(self, tmp_path: Path, url: str, state: str) -> None:
        assert states(tmp_path, server(url)) == [("/0", state)]

    def test_one_of_several_targets(self, tmp_path: Path) -> None:
        body = "upstream b { server api:3000; server %s; } " + server("http://b")
        for other, state in [("api:3000", "passed"), ("x:1", "undeclared"), ("api:1", "failed")]:
            assert states(tmp_path, body % other) == [("/0", state)]
        lua = "upstream b { server api:3000; balancer_by_lua_file x; } " + server("http://b")
        assert states(tmp_path, lua) == [("/0", "undecidable")]

    def test_ignored_rules_do_not_fail_a_hop(self, tmp_path: Path) -> None:
        body = server("http://api:3001")
        assert states(tmp_path, body, ignore=("port-mismatch",)) == [("/0", "passed")]
        assert states(tmp_path, body, select=("tls-mismatch",)) == [("/0", "passed")]
        assert states(tmp_path, body, select=("port-mismatch",)) == [("/0", "failed")]

    def test_the_summary(self, tmp_path: Path) -> None:
        body = server(
            "http://api:3000", "http://api:3001", "http://x:1", "http://$http_x", "http://api:3002",
            "http://127.0.0.1:1",
        )  # fmt: skip
        report = check(tmp_path, {"nginx.conf": http(body), "upstreams.toml": WHOLE})
        assert report.hop_states() == {
            "passed": 1, "failed": 3, "undeclared": 1, "undecidable": 1,
        }  # fmt: skip
        assert [report.count(severity) for severity in Severity] == [3, 0, 1]

    def test_every_hop_is_in_exactly_one(self, tmp_path: Path) -> None:
        body = server("http://api:3000", "http://x:1")
        report = check(tmp_path, {"nginx.conf": http(body)})
        assert sum(report.hop_states().values()) == len(report.hops) == 2


class TestHops:
    def test_what_a_report_says_of_one(self, tmp_path: Path) -> None:
        body = (
            "upstream up { server 127.0.0.1:3000; server api:3001; server x:1; "
            "server x:1 backup; }\n"
            "server { server_name shop.example; location ^~ /a {\n  proxy_pass https://up/x; } }"
        )
        report = check(tmp_path, {"nginx.conf": http(body), "upstreams.toml": API})
        (hop,) = report.hops
        place = hop.place
        assert (place.file, place.line, place.column, place.end_column) == ("nginx.conf", 3, 3, 26)
        assert (hop.directive, hop.value, hop.server, hop.location) == (
            "proxy_pass", "https://up/x", "shop.example", "^~ /a",
        )  # fmt: skip
        assert [(target.address, target.upstream) for target in hop.targets] == [
            ("127.0.0.1:3000", "api"),
            ("api:3001", "api"),
            ("x:1", None),
        ]
        assert hop.reason is None
        assert len(hop.id) == 12

    def test_why_one_cannot_be_decided(self, tmp_path: Path) -> None:
        report = check(tmp_path, {"nginx.conf": http(server("http://$http_x:80/x"))})
        (hop,) = report.hops
        assert hop.reason == (
            "http://$http_x:80/x depends on the request, or on a file that was not seen"
        )

    def test_ids_are_unique_over_roots(self, tmp_path: Path) -> None:
        body = http(server("http://x:1", "http://x:1"))
        report = check(tmp_path, {"a.conf": body, "b.conf": body}, "a.conf", "b.conf")
        assert len({hop.id for hop in report.hops}) == 4
        assert report.roots == ("a.conf", "b.conf")


class TestMerging:
    SNIPPET = "location / {\n  proxy_pass http://api:3001;\n}"

    def test_one_line_in_three_servers_is_one_finding_of_three_hops(self, tmp_path: Path) -> None:
        body = "".join(f"server {{ server_name {n}; include s; }}" for n in "abc")
        report = check(
            tmp_path, {"nginx.conf": http(body), "s": self.SNIPPET, "upstreams.toml": API}
        )
        (finding,) = report.findings
        assert finding.hops == tuple(hop.id for hop in report.hops)
        assert len(report.hops) == 3

    def test_over_roots_as_well(self, tmp_path: Path) -> None:
        body = http("server { include s; }")
        report = check(
            tmp_path,
            {"a.conf": body, "b.conf": body, "s": self.SNIPPET, "upstreams.toml": API},
            "a.conf",
            "b.conf",
        )
        (finding,) = report.findings
        assert finding.hops == tuple(hop.id for hop in report.hops)

    def test_always_at_one_hop_is_always(self, tmp_path: Path) -> None:
        body = """
            upstream a { server api:3001; }
            map $host $b { default a; x 127.0.0.1:3000; }
            server { location /1 { proxy_pass http://$b; } location /2 { proxy_pass http://a; } }"""
        report = check(tmp_path, {"nginx.conf": http(body), "upstreams.toml": WHOLE})
        (finding,) = report.findings
        assert (finding.frequency, len(finding.hops)) == ("always", 2)

    def test_equal_texts_at_two_places_are_two(self, tmp_path: Path) -> None:
        body = server("http://api:3001", "http://api:3001")
        report = check(tmp_path, {"nginx.conf": http(body), "upstreams.toml": API})
        assert [one.place.line for one in report.findings] == [2, 3]
        assert len({one.message for one in report.findings}) == 1

    def test_sorted_by_place_then_severity(self, tmp_path: Path) -> None:
        files = {
            "nginx.conf": http("include b; include a;" + server("http://z:1")),
            "a": server("http://api:3001"),
            "b": server("http://x:1", "http://api:3001"),
            "upstreams.toml": API,
        }
        places = [(one.place.file, one.place.line) for one in check(tmp_path, files).findings]
        assert places == [("a", 2), ("b", 2), ("b", 3), ("nginx.conf", 2)]

    def test_two_runs_are_equal(self, tmp_path: Path) -> None:
        files = {"nginx.conf": http(server("http://api:3001", "http://x:1")), "upstreams.toml": API}
        assert check(tmp_path, files) == check(tmp_path, files)


class TestProblems:
    def test_what_can_be_checked_is(self, tmp_path: Path) -> None:
        files = {
            "nginx.conf": http("include gone.conf; include bad;" + server("http://api:3001")),
            "bad": "x {",
            "upstreams.toml": API + "prt = 1\n[upstream.web]\nport = 4000\n",
        }
        report = check(tmp_path, files, "nginx.conf", "no.conf")
        assert [(problem.file, problem.line) for problem in report.problems] == [
            ("nginx.conf", 1),
            ("bad", 1),
            ("no.conf", None),
            ("upstreams.toml", 3),
        ]
        # where an upstream with a mistake in it listens is not known
        assert [hop.state for hop in report.hops] == ["undecidable"]

    def test_the_same_one_of_two_roots_is_said_once(self, tmp_path: Path) -> None:
        body = http("include bad;")
        report = check(tmp_path, {"a.conf": body, "b.conf": body, "bad": "x {"}, "a.conf", "b.conf")
        assert report.problems == (
            Problem("bad", 1, 'the file ends before the "}" of the block that opens on line 1'),
        )

    def test_a_spec_that_is_named_but_missing(self, tmp_path: Path) -> None:
        report = check(
            tmp_path, {"nginx.conf": http(server("http://x:1"))}, specs=(tmp_path / "no.toml",)
        )
        (problem,) = report.problems
        assert problem.file == "no.toml"

    def test_the_version_is_said(self, tmp_path: Path) -> None:
        report = check(tmp_path, {"nginx.conf": http("")}, version=NEW)
        assert (str(report.version), report.version_origin) == (NEW, "option")


SITES = {
    "a/nginx.conf": http(server("http://api:3000", "http://web:4000")),
    "b/nginx.conf": http(server("http://web:4000")),
    "a/upstreams.toml": API,
    "b/upstreams.toml": "[upstream.web]\nport = 4000\n",
}


class TestSpecs:
    def find(self, folder: Path, *roots: str) -> tuple[str, ...]:
        """The specs that roots are compared with."""
        return check(folder, {}, *roots, stdin=b"events { }").specs

    def test_beside_the_root_then_above(self, tmp_path: Path) -> None:
        main = http("")
        write(tmp_path, {"upstreams.toml": "", "a/upstreams.toml": "", "a/nginx.conf": main,
                         "a/b/nginx.conf": main, "c/x": main})  # fmt: skip
        assert self.find(tmp_path, "a/b/nginx.conf") == ("a/upstreams.toml",)
        assert self.find(tmp_path, "a/b") == ("a/upstreams.toml",)
        assert self.find(tmp_path, "a") == ("a/upstreams.toml",)
        assert self.find(tmp_path, "c/x") == ("upstreams.toml",)
        assert self.find(tmp_path, "-") == ("upstreams.toml",)
        assert self.find(tmp_path, "a/b", "c/x", "a") == ("a/upstreams.toml", "upstreams.toml")

    def test_not_above_the_working_directory(self, tmp_path: Path) -> None:
        write(tmp_path, {"upstreams.toml": "", "work/a/nginx.conf": http("")})
        assert self.find(tmp_path / "work", "a/nginx.conf") == ()

    def test_nor_above_the_repository(self, tmp_path: Path) -> None:
        write(tmp_path, {"upstreams.toml": "", "repo/a/nginx.conf": http(""), "work/x": ""})
        (tmp_path / "repo/.git").mkdir()
        root = str(tmp_path / "repo/a/nginx.conf")
        assert self.find(tmp_path / "work", root) == ()
        write(tmp_path, {"repo/upstreams.toml": ""})
        assert self.find(tmp_path / "work", root) == (str(tmp_path / "repo/upstreams.toml"),)

    def test_dots_in_the_root_lead_nowhere_else(self, tmp_path: Path) -> None:
        write(
            tmp_path, {"a/upstreams.toml": "", "a/nginx.conf": http(""), "b/nginx.conf": http("")}
        )
        assert self.find(tmp_path, "a/../b/nginx.conf") == ()
        assert self.find(tmp_path, "./a/./nginx.conf") == ("a/upstreams.toml",)

    def test_those_that_are_named_replace_the_search(self, tmp_path: Path) -> None:
        files = {
            "nginx.conf": http(server("http://api:3000")),
            "upstreams.toml": "[upstream.other]\nport = 1\n",
            "x/specs.toml": API,
        }
        report = check(tmp_path, files, specs=(tmp_path / "x/specs.toml",))
        assert (report.specs, [hop.state for hop in report.hops]) == (("x/specs.toml",), ["passed"])
        assert check(tmp_path, files, specs=()).specs == ()

    def test_each_root_is_compared_with_its_own(self, tmp_path: Path) -> None:
        report = check(tmp_path, SITES, "a", "b")
        assert report.specs == ("a/upstreams.toml", "b/upstreams.toml")
        assert [hop.state for hop in report.hops] == ["passed", "undeclared", "passed"]
        assert [one.rule for one in report.findings] == ["undeclared-upstream"]

    def test_those_that_are_named_merge(self, tmp_path: Path) -> None:
        specs = (tmp_path / "a/upstreams.toml", tmp_path / "b/upstreams.toml")
        report = check(tmp_path, SITES, "a", "b", specs=specs)
        assert report.specs == ("a/upstreams.toml", "b/upstreams.toml")
        assert [hop.state for hop in report.hops] == ["passed", "passed", "passed"]
        assert report.findings == ()


def test_a_file_that_two_roots_include_is_read_once_and_told_of_by_one_name(tmp_path: Path) -> None:
    files = {
        "one/nginx.conf": http("include /common/x;"),
        "two/nginx.conf": http("include ../common/x;"),
        "common/x": server("http://api:3001"),
        "upstreams.toml": API,
    }
    report = check(
        tmp_path, files, "one", "two", maps=(PathMap("/common", str(tmp_path / "common")),)
    )
    assert report.problems == ()
    assert [found(one).file for one in report.findings] == ["common/x"]
    assert [hop.place.file for hop in report.hops] == ["common/x", "common/x"]


@pytest.mark.parametrize("version", [OLD, NEW])
def test_an_empty_http_block_has_nothing(tmp_path: Path, version: str) -> None:
    report = check(tmp_path, {"nginx.conf": http("")}, version=version)
    assert (report.hops, report.findings, report.problems) == ((), (), ())


def test_a_root_that_is_named_twice_is_one(tmp_path: Path) -> None:
    files = {
        "a/nginx.conf": http(server("http://api:3000")),
        "b/nginx.conf": http(server("http://api:3000")),
        "upstreams.toml": API,
    }
    report = check(tmp_path, files, "a/nginx.conf", "b", "a", "a/nginx.conf", "b/nginx.conf")
    assert report.roots == ("a/nginx.conf", "b/nginx.conf")
    assert len(report.hops) == 2


def test_a_hop_behind_a_return_is_listed_but_not_looked_at(tmp_path: Path) -> None:
    body = "\nserver { location / { return 301 /x; proxy_pass http://api:3001; } }"
    report = check(tmp_path, {"nginx.conf": http(body), "upstreams.toml": API})
    assert report.findings == ()
    assert [(hop.state, hop.reason) for hop in report.hops] == [
        ("passed", "a return answers before requests get here")
    ]
