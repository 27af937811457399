"""``--baseline`` and ``--write-baseline``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lint502.baseline import Baseline, Compared, Entry, compare, dumped, entries, read
from lint502.findings import Finding, Severity
from lint502.places import Place
from lint502.report_model import HopReport, Report
from tests.support.canned import CLEAN
from tests.support.cli import Run

SPEC = '[upstream.api]\nport = 3000\nprotocol = "http"\n'
NGINX = """\
events {}
http {
    upstream api { server 127.0.0.1:3001; }
    server {
        server_name shop;
        location /a { proxy_pass http://api; }
        location /b { proxy_pass http://[::1]:3002; }
    }
}
"""


@pytest.fixture
def site(run: Run) -> Path:
    here = Path.cwd()
    (here / "nginx.conf").write_text(NGINX)
    (here / "upstreams.toml").write_text(SPEC)
    return here


def finding(rule: str, *hops: str, upstream: str = "api", file: str = "a") -> Finding:
    place = Place(file, 1, 1, 2)
    return Finding(rule, Severity.ERROR, 502, "always", "x", place, hops=hops, upstream=upstream)


def test_what_is_written(run: Run, site: Path) -> None:
    code, out, err = run("check", "--write-baseline", "known.json", "--format", "concise")
    assert (code, out.count("\n"), err) == (
        0, 2, "note: known.json: 2 findings are written down as known\n"
    )  # fmt: skip
    written = json.loads((site / "known.json").read_text())
    rows = [(entry["rule"], entry["where"]) for entry in written["findings"]]
    assert (written["schema_version"], written["roots"]) == (1, ["nginx.conf"])
    assert rows == [
        ("port-mismatch", "shop /a → proxy_pass http://api"),
        ("port-mismatch", "shop /b → proxy_pass http://[::1]:3002"),
    ]
    assert run("check", "--baseline", "known.json", "--format", "concise") == (0, "", "")


def test_one_new_mistake_is_found_alone(run: Run, site: Path) -> None:
    run("check", "--write-baseline", "known.json")
    new = "\n\n# moved\nlocation /c { proxy_pass http://api; }\nlocation /b"
    (site / "nginx.conf").write_text(NGINX.replace("location /b", new))
    code, out, _ = run("check", "--baseline", "known.json", "--format", "json")
    report = json.loads(out)
    (only,) = report["findings"]
    hops = {hop["id"]: hop["location"] for hop in report["hops"]}
    assert (code, only["rule"], [hops[hop] for hop in only["hops"]]) == (1, "port-mismatch", ["/c"])
    assert report["summary"]["known"] == 1


def test_what_is_gone_is_said(run: Run, site: Path) -> None:
    run("check", "--write-baseline", "known.json")
    (site / "nginx.conf").write_text(NGINX.replace(":3002", ":3000"))
    code, out, err = run("check", "--baseline", "known.json", "--format", "concise")
    assert (code, out, err) == (
        0,
        "",
        "note: known.json: port-mismatch is gone at shop /b → proxy_pass http://[::1]:3002\n"
        "note: known.json: 1 entry does not occur any more; make it shorter with "
        "--write-baseline\n",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--select", "loopback-in-container"),
        ("--ignore", "port-mismatch"),
        ("other.conf", "--ignore", "unused-upstream"),
        ("--quiet",),
    ],
)
def test_what_was_not_looked_for_is_not_gone(
    run: Run, site: Path, arguments: tuple[str, ...]
) -> None:
    run("check", "--write-baseline", "known.json")
    (site / "nginx.conf").write_text(NGINX.replace(":3002", ":3000"))
    (site / "other.conf").write_text("events {}\nhttp { server { listen 80; } }\n")
    asked = ("check", "--baseline", "known.json", "--format", "concise", "--allow-empty")
    assert run(*asked, *arguments) == (0, "", "")


def test_nothing_is_gone_where_not_everything_was_seen(run: Run, site: Path) -> None:
    run("check", "--write-baseline", "known.json")
    broken = NGINX.replace("location /b { proxy_pass http://[::1]:3002; }", "include missing.conf;")
    (site / "nginx.conf").write_text(broken)
    code, _, err = run("check", "--baseline", "known.json", "--format", "concise")
    assert (code, "gone" in err, "missing.conf" in err) == (2, False, True)


def test_quiet_writes_and_says_nothing(run: Run, site: Path) -> None:
    assert run("check", "--write-baseline", "known.json", "--quiet").err == ""
    assert (site / "known.json").exists()


def test_the_settings_can_name_it(run: Run, site: Path) -> None:
    run("check", "--write-baseline", "known.json")
    (site / "lint502.toml").write_text('baseline = "known.json"\n')
    assert run("check", "--format", "concise")[:2] == (0, "")
    code, out, _ = run("check")
    assert code == 0
    assert "0 errors, 0 warnings, 2 known · nginx 1.31.6 (newest known)\n" in out
    # it is what is written, not what counts
    assert run("check", "--write-baseline", "known.json", "--format", "concise").out != ""


def test_nothing_is_written_where_something_is_wrong(run: Run, site: Path) -> None:
    (site / "nginx.conf").write_text(NGINX.replace("events {}", "include missing.conf;"))
    code, out, err = run("check", "--write-baseline", "known.json")
    assert (code, out) == (2, "")
    assert err.endswith("error: known.json is not written, for not everything could be checked\n")
    assert not (site / "known.json").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file; write it with --write-baseline"),
        ("{", "is no JSON; write it anew with --write-baseline"),
        ("[" * 100_000, "is no JSON; write it anew with --write-baseline"),
        ("[]", "is no baseline that this lint502 knows; write it anew with --write-baseline"),
        ('{"schema_version": 2, "findings": []}',
         "is no baseline that this lint502 knows; write it anew with --write-baseline"),
        ('{"schema_version": 1, "roots": [1], "findings": []}',
         "is damaged; write it anew with --write-baseline"),
        ('{"schema_version": 1, "findings": [{"rule": 1}]}',
         "is damaged; write it anew with --write-baseline"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_baseline(
    run: Run, site: Path, content: str | None, message: str
) -> None:
    if content is not None:
        (site / "known.json").write_text(content)
    assert run("check", "--baseline", "known.json") == (2, "", f"error: known.json {message}\n")


def test_a_folder_is_no_baseline(run: Run, site: Path) -> None:
    assert run("check", "--baseline", ".").err == (
        "error: . is a directory, not a file; write it with --write-baseline\n"
    )


def reported(*findings: Finding, hidden: tuple[Finding, ...] = ()) -> Report:
    """A report on two hops with these findings."""
    hops = tuple(
        HopReport(id, Place("nginx.conf", 1, 1, 2), "proxy_pass", f"http://{id}", "s", f"/{id}",
                  "failed", ())
        for id in ("1", "2")
    )  # fmt: skip
    return replace(CLEAN, hops=hops, findings=findings, hidden=hidden)


def test_equal_findings_are_counted() -> None:
    twice = [finding("a", "1"), finding("a", "1")]
    (entry,) = entries(reported(*twice[:1]))
    assert compare(reported(*twice), [entry]) == Compared((twice[1],), (), 1, ())
    assert compare(reported(*twice[:1]), [entry, entry]) == Compared((), (), 1, (entry,))
    assert compare(reported(*twice), [entry, entry]) == Compared((), (), 2, ())


def test_what_tells_findings_apart() -> None:
    (entry,) = entries(reported(finding("a", "1")))
    for other in (finding("b", "1"), finding("a", "2"), finding("a", "1", upstream="x")):
        assert compare(reported(other), [entry]) == Compared((other,), (), 0, (entry,))
    without = finding("a", file="x")
    (entry,) = entries(reported(without))
    assert entry.where == "x"
    assert compare(reported(without), [entry]) == Compared((), (), 1, ())


def test_what_others_hide_is_known_when_it_shows() -> None:
    shown, hidden = finding("a", "1"), replace(finding("b", "1"), behind=("…",))
    known = list(entries(reported(shown, hidden=(hidden,))))
    assert [entry.rule for entry in known] == ["a", "b"]
    assert compare(reported(shown, hidden=(hidden,)), known) == Compared((), (), 1, ())
    fixed = compare(reported(replace(hidden, behind=())), known)
    assert (fixed.new, fixed.known, [entry.rule for entry in fixed.gone]) == ((), 1, ["a"])


def test_a_pass_that_says_something_else_is_the_same_hop() -> None:
    """Its id names what it says: a fix of a port changes that."""
    before = reported(finding("a", "1"), finding("b", "1"))
    known = list(entries(before))
    moved = replace(before.hops[0], id="3", value="http://other")
    after = replace(before, hops=(moved,), findings=(finding("b", "3"),))
    compared = compare(after, known)
    assert (compared.new, compared.known) == ((), 1)
    # but not twice
    twice = replace(after, findings=(finding("b", "3"), finding("b", "3")))
    assert compare(twice, known).new == (finding("b", "3"),)
    # nor for another upstream
    other = replace(after, findings=(finding("b", "3", upstream="x"),))
    assert compare(other, known).known == 0
    # nor where it is written down without that
    older = [replace(entry, at=None) for entry in known]
    assert compare(after, older).known == 0


@given(st.lists(st.builds(Entry, st.text("0af"), st.text("a-z"), st.text())))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory,
                                      found: list[Entry]) -> None:  # fmt: skip
    file = tmp_path_factory.mktemp("baseline") / "known.json"
    file.write_text(dumped(Baseline(("b", "a"), tuple(found))))
    baseline = read(str(file))
    assert baseline.roots == ("a", "b")
    assert sorted(baseline.entries, key=str) == sorted(found, key=str)
