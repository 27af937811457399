"""Comments and paths that are not to be reported."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, tuples

from lint502.findings import Problem
from lint502.places import Place
from lint502.suppression import Ignore, IgnoresOfFile, PathIgnore
from tests.support.sites import check

SPEC = '[upstream.api]\nport = 3000\nprotocol = "http"\n'
BLOCKS = """\
events {}
http {
    server {
        location /a { proxy_pass http://api:1; }
        location /b {
            proxy_pass http://api:2;
        }
    }
}
"""


def lines(folder: Path, text: str, spec: str = SPEC, **options: object) -> list[tuple[int, str]]:
    report = check(folder, {"nginx.conf": text, "upstreams.toml": spec}, **options)  # type: ignore[arg-type]
    assert report.problems == ()
    return [(finding.place.line, finding.rule) for finding in report.findings]


def with_comment(line: int, comment: str, text: str = BLOCKS) -> str:
    """The text with a comment in the place of a new line."""
    return "\n".join([*text.splitlines()[: line - 1], comment, *text.splitlines()[line - 1 :], ""])


IGNORE = "# lint502: ignore[port-mismatch] moves on Monday"


def test_both_are_found(tmp_path: Path) -> None:
    assert lines(tmp_path, BLOCKS) == [(4, "port-mismatch"), (6, "port-mismatch")]


@pytest.mark.parametrize(
    ("line", "comment", "left"),
    [
        # before a directive
        (6, IGNORE, [(4, "port-mismatch")]),
        (6, f"\n# so far\n{IGNORE}\n# about that\n", [(4, "port-mismatch")]),
        (6, "#lint502:ignore[ port-mismatch , tls-mismatch ]x\n",
         [(4, "port-mismatch"), (6, "unused-ignore")]),
        # before a block
        (5, IGNORE, [(4, "port-mismatch")]),
        (4, IGNORE, [(7, "port-mismatch")]),
        (3, IGNORE, []),
        (2, IGNORE, []),
        (1, IGNORE, [(1, "unused-ignore"), (5, "port-mismatch"), (7, "port-mismatch")]),
        # after everything
        (9, IGNORE, [(4, "port-mismatch"), (6, "port-mismatch"), (9, "unused-ignore")]),
    ],
)  # fmt: skip
def test_a_comment_on_a_line_of_its_own(
    tmp_path: Path, line: int, comment: str, left: list[tuple[int, str]]
) -> None:
    assert lines(tmp_path, with_comment(line, comment)) == left


def test_a_comment_on_the_line(tmp_path: Path) -> None:
    text = BLOCKS.replace("api:2;", f"api:2;  {IGNORE}")
    assert lines(tmp_path, text) == [(4, "port-mismatch")]
    text = BLOCKS.replace("api:1; }", f"api:1; }}  {IGNORE}")
    assert lines(tmp_path, text) == [(6, "port-mismatch")]
    # one that begins further up
    text = BLOCKS.replace("http://api:2;", f"\n\nhttp://api:2;  {IGNORE}")
    assert lines(tmp_path, text) == [(4, "port-mismatch")]
    # the block's own line is not the block
    text = BLOCKS.replace("location /b {", f"location /b {{  {IGNORE}")
    assert lines(tmp_path, text) == [
        (4, "port-mismatch"), (5, "unused-ignore"), (6, "port-mismatch")
    ]  # fmt: skip


def test_how_many_are_suppressed(tmp_path: Path) -> None:
    files = {"nginx.conf": with_comment(3, IGNORE), "upstreams.toml": SPEC}
    report = check(tmp_path, files)
    assert (report.suppressed, report.findings) == (2, ())
    assert [hop.state for hop in report.hops] == ["passed", "passed"]


@pytest.mark.parametrize(
    ("before", "left"),
    [
        ("port = 3000", []),
        ("[upstream.api]", []),
        ("protocol =", [(4, "port-mismatch"), (6, "port-mismatch"), (3, "unused-ignore")]),
    ],
)
def test_in_the_spec(tmp_path: Path, before: str, left: list[tuple[int, str]]) -> None:
    spec = SPEC.replace(before, f"{IGNORE}\n{before}")
    assert lines(tmp_path, BLOCKS, spec) == left


def test_on_the_line_of_the_spec(tmp_path: Path) -> None:
    spec = SPEC.replace("port = 3000", f"port = 3000 {IGNORE}")
    assert lines(tmp_path, BLOCKS, spec) == []


def test_a_table_has_the_tables_within_it(tmp_path: Path) -> None:
    text = (
        "events {} http { upstream api { server api:3000; keepalive 2; keepalive_timeout 90s; }\n"
    )
    text += "server { location / { proxy_pass http://api; } } }\n"
    race = "# lint502: ignore[keepalive-race] rare\n"
    spec = f'{SPEC}[upstream.api.keepalive]\nidle_timeout = "5s"\n[upstream.b]\nport = 1\n'
    new = {"version": "1.31.6", "ignore": ("unused-upstream",)}
    assert lines(tmp_path, text, spec, **new) == [(1, "keepalive-race")]
    assert lines(tmp_path, text, race + spec, **new) == []
    spec = spec.replace("[upstream.b]", f"{race}[upstream.b]")
    assert [rule for _, rule in lines(tmp_path, text, spec, **new)] == [
        "keepalive-race", "unused-ignore"
    ]  # fmt: skip


def test_a_finding_keeps_its_other_hops(tmp_path: Path) -> None:
    """The place is one for both: the server of the block."""
    text = """\
events {}
http {
    upstream up { server api:1; }
    server {
        location /a { proxy_pass http://up; }
        location /b { proxy_pass http://up; }
    }
}
"""
    files = {"nginx.conf": with_comment(6, IGNORE, text), "upstreams.toml": SPEC}
    report = check(tmp_path, files)
    (finding,) = report.findings
    hops = {hop.location: hop for hop in report.hops}
    assert finding.hops == (hops["/a"].id,)
    assert [hop.state for hop in report.hops] == ["failed", "passed"]
    text = with_comment(7, IGNORE, with_comment(5, IGNORE, text))
    assert lines(tmp_path, text) == []


def test_a_snippet_of_several_servers(tmp_path: Path) -> None:
    server = "server { include snippet; }\n"
    other = "server { listen 81; include snippet; }\n"
    files = {
        "nginx.conf": f"events {{}} http {{ {server}{other} }}",
        "snippet": f"{IGNORE}\nlocation / {{ proxy_pass http://api:1; }}\n",
        "upstreams.toml": SPEC,
    }
    report = check(tmp_path, files)
    assert (report.findings, report.problems, report.suppressed) == ((), (), 1)


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("ignore[port-mismatch]",
         "this comment does not say why it ignores port-mismatch; write: # lint502: ignore[RULE] "
         "and why"),
        ("ignore moves on Monday",
         "this comment names no rule to ignore; write: # lint502: ignore[RULE] and why"),
        ("ignore[ , ] x",
         "this comment names no rule to ignore; write: # lint502: ignore[RULE] and why"),
        ("ignore[port-mismtach] x",
         'this comment ignores a rule "port-mismtach" that does not exist; did you mean '
         '"port-mismatch"?'),
    ],
)  # fmt: skip
def test_a_comment_that_is_no_use(tmp_path: Path, comment: str, message: str) -> None:
    files = {"nginx.conf": with_comment(3, f"# lint502: {comment}"), "upstreams.toml": SPEC}
    report = check(tmp_path, files)
    assert report.problems == (Problem("nginx.conf", 3, message),)
    assert [finding.place.line for finding in report.findings] == [5, 7]
    spec = f"# lint502: {comment}\n{SPEC}"
    report = check(tmp_path, {"nginx.conf": BLOCKS, "upstreams.toml": spec})
    assert report.problems == (Problem("upstreams.toml", 1, message),)


def test_other_comments_are_left_alone(tmp_path: Path) -> None:
    text = with_comment(3, "# lint502: context http\n# lint502: ignored[x]\n# see lint502: ignore")
    assert lines(tmp_path, text) == [(7, "port-mismatch"), (9, "port-mismatch")]


def test_a_rule_that_did_not_run_is_not_called_unused(tmp_path: Path) -> None:
    text = with_comment(3, IGNORE.replace("port-mismatch", "tls-mismatch"))
    assert lines(tmp_path, text, select=("port-mismatch", "unused-ignore")) == [
        (5, "port-mismatch"), (7, "port-mismatch")
    ]  # fmt: skip
    assert lines(tmp_path, text, ignore=("port-mismatch",)) == [(3, "unused-ignore")]
    assert lines(tmp_path, text, ignore=("port-mismatch", "unused-ignore")) == []


def test_an_absurd_number_of_comments(tmp_path: Path) -> None:
    comments = f"{IGNORE}\n" * 6000
    files = {"nginx.conf": with_comment(3, comments), "upstreams.toml": SPEC + comments}
    report = check(tmp_path, files)
    unused = [finding for finding in report.findings if finding.rule == "unused-ignore"]
    assert (report.problems, report.suppressed, len(unused)) == ((), 2, 6000)


@given(lists(tuples(integers(1, 20), integers(0, 20)), max_size=12), integers(0, 45))
def test_ignores_are_found_by_their_lines(spans: list[tuple[int, int]], line: int) -> None:
    place = Place("nginx.conf", 1, 1, 1)
    ignores = [Ignore("x", place, first, first + more) for first, more in spans]
    found = [one for alike in IgnoresOfFile(ignores).covering(line) for one in alike.ignores]
    expected = [one for one in ignores if one.first <= line <= one.last]
    assert sorted(map(id, found)) == sorted(map(id, expected))


def test_paths(tmp_path: Path) -> None:
    files = {
        "nginx.conf": "events {} http { include legacy/*.conf; include new/*.conf; }\n",
        "legacy/a.conf": "server { location / { proxy_pass http://api:1; } }",
        "new/a.conf": "server { location / { proxy_pass http://api:1; } }",
        "upstreams.toml": SPEC,
    }
    options = {"path_ignores": (PathIgnore(f"{tmp_path}/legacy/*", ("port-mismatch",)),)}
    report = check(tmp_path, files, **options)
    assert [finding.place.file for finding in report.findings] == ["new/a.conf"]
    options = {"path_ignores": (PathIgnore(f"{tmp_path}/legacy/*", ("tls-mismatch",)),)}
    assert len(check(tmp_path, files, **options).findings) == 2
