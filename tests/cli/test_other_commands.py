from __future__ import annotations

import json
from itertools import cycle
from pathlib import Path

import pytest
from msgspec.structs import replace

from lint502 import __version__
from lint502.report import Style, renderer
from lint502.rule_names import RULES
from tests.support.canned import CLEAN, REPORT
from tests.support.cli import Asked, Run

HOPS = """\
WHERE                      SERVER            LOCATION  PASSES TO                        TARGET              UPSTREAM  COMPARED WITH     STATE
nginx/conf.d/shop.conf:11  shop.example.com  /api/     proxy_pass http://api            127.0.0.1:3001      api       upstreams.toml:3  failed
nginx/conf.d/shop.conf:12  shop.example.com  /v1/      proxy_pass http://api            127.0.0.1:3001      api       upstreams.toml:3  failed
nginx/conf.d/shop.conf:13  shop.example.com  /v2/      proxy_pass http://api            127.0.0.1:3001      api       upstreams.toml:3  failed
nginx/conf.d/shop.conf:14  shop.example.com  /v3/      proxy_pass http://api            127.0.0.1:3001      api       upstreams.toml:3  failed
nginx/conf.d/shop.conf:15  shop.example.com  /v4/      proxy_pass http://api            127.0.0.1:3001      api       upstreams.toml:3  failed
nginx/conf.d/shop.conf:16  例え.jp           ~ \\.php$  fastcgi_pass unix:/run/php.sock  unix:/run/php.sock  php       compose.yaml:14   passed
nginx/conf.d/shop.conf:17  -                 -         proxy_pass backend               10.0.0.1:80         -         -                 undeclared
                                                                                        [2001:db8::1]:80    -         -
nginx/conf.d/shop.conf:18  shop.example.com  /api/     proxy_pass http://$host          ?                   -         -                 undecidable: the host comes from the request
"""  # noqa: E501
COULD_NOT = """\
error: nginx/conf.d/\\x1bx.conf:3: include "missing.conf": there is no such file
error: upstreams.toml: cannot be read: permission denied
"""
NOTES = """\
note: nginx/nginx.conf:4: include conf.d/*.conf matches no file here
note: stock files that are not here were passed over: mime.types
"""


def test_hops(run: Run, asked: Asked) -> None:
    assert run("hops", "a.conf") == (2, HOPS, NOTES + COULD_NOT)
    asked.report = replace(REPORT, problems=(), notes=())
    assert run("hops", "a.conf") == (0, HOPS, "")
    assert asked[0].roots == ("a.conf",)


def test_hops_are_not_cut_on_a_narrow_terminal(
    run: Run, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    expected = (Path(__file__).parents[1] / "report/expected/hops-80-columns.txt").read_text()
    assert run("hops", "a.conf") == (2, expected, NOTES + COULD_NOT)


def test_hops_as_json(run: Run, asked: Asked) -> None:
    code, out, err = run("hops", "a.conf", "--format", "json")
    checked = json.loads(run("check", "a.conf", "--format", "json").out)
    assert (code, err) == (2, NOTES + COULD_NOT)
    assert json.loads(out) == {
        "schema_version": 1,
        "hops": checked["hops"],
        "problems": checked["problems"],
    }


@pytest.mark.parametrize("format", ["mermaid", "html"])
def test_hops_as_a_picture(run: Run, asked: Asked, format: str) -> None:
    code, out, err = run("hops", "a.conf", "--format", format, "--color=always")
    assert (code, err) == (2, NOTES + COULD_NOT)
    assert out == renderer(format)(REPORT, Style())
    assert "port-mismatch" in out
    asked.report = replace(REPORT, problems=(), notes=())
    assert run("hops", "a.conf", "--format", format).code == 0


def test_no_hops(run: Run, asked: Asked) -> None:
    asked.report = replace(CLEAN, hops=())
    assert run("hops", "a.conf") == (0, "no hops\n", "")


def test_hops_in_colour(run: Run, asked: Asked) -> None:
    asked.report = replace(CLEAN, hops=REPORT.hops[-1:])
    assert run("hops", "a.conf", "--color=always").out.splitlines()[1] == (
        "nginx/conf.d/shop.conf:18  shop.example.com  /api/     proxy_pass http://$host  ?       "
        "-         -              \x1b[33mundecidable: the host comes from the request\x1b[0m"
    )


@pytest.mark.usefixtures("rule_pages")
def test_rules(run: Run) -> None:
    width = max(map(len, RULES))
    client = {"info": "-"}
    severities = cycle(("error", "warning", "info"))
    rows = [("RULE", "SEVERITY", "CLIENT SEES", "SUMMARY")]
    for rule, severity in zip(RULES, severities, strict=False):
        seen = client.get(severity, "502 on every request")
        rows.append((rule, severity, seen, f"what {rule} is about"))
    table = "".join(f"{a:{width}}  {b:8}  {c:20}  {d}\n" for a, b, c, d in rows)
    assert run("rules") == (0, table, "")


@pytest.mark.usefixtures("rule_pages")
def test_rules_as_json(run: Run) -> None:
    code, out, err = run("rules", "--format", "json")
    value = json.loads(out)
    assert (code, err, value["schema_version"]) == (0, "", 1)
    assert [rule["name"] for rule in value["rules"]] == list(RULES)
    assert value["rules"][1:3] == [
        {
            "name": "socket-path-mismatch",
            "severity": "warning",
            "status": 502,
            "frequency": "always",
            "log": "connect() failed",
            "nginx": ">=1.18",
            "summary": "what socket-path-mismatch is about",
        },
        {
            "name": "socket-permission",
            "severity": "info",
            "status": None,
            "frequency": None,
            "log": None,
            "nginx": ">=1.18",
            "summary": "what socket-permission is about",
        },
    ]


EXPLAINED = """\
# port-mismatch

**error** · 502 on every request · nginx >=1.18

what port-mismatch is about

    connect() failed

## What it means

Two sides disagree.

## Why it answers 502

Nobody listens.

## Example

```nginx
proxy_pass http://api;
```

## Instead

Agree.

## References

- https://nginx.org
"""


@pytest.mark.usefixtures("rule_pages")
def test_explain(run: Run) -> None:
    assert run("explain", "port-mismatch") == (0, EXPLAINED, "")
    assert run("explain", "socket-permission").out.splitlines()[:8] == [
        "# socket-permission",
        "",
        "**info** · nginx >=1.18",
        "",
        "what socket-permission is about",
        "",
        "## What it means",
        "",
    ]


@pytest.mark.usefixtures("rule_pages")
def test_explain_on_a_terminal(run: Run) -> None:
    code, out, err = run("explain", "port-mismatch", "--color", "always")
    assert (code, err) == (0, "")
    assert "\x1b[" in out
    assert "## What it means" not in out
    assert "What it means" in out


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("port-missmatch", 'there is no rule "port-missmatch"; did you mean "port-mismatch"?'),
        ("../x", 'there is no rule "../x"; see "lint502 rules"'),
    ],
)
def test_explain_an_unknown_rule(run: Run, rule: str, message: str) -> None:
    code, out, err = run("explain", rule)
    expected = f"Error: Invalid value for RULE: {message}"
    assert (code, out, err.splitlines()[-1]) == (2, "", expected)


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"lint502 {__version__}\n", "")
    assert run("--version", "check") == (0, f"lint502 {__version__}\n", "")


def test_help_names_every_command(run: Run) -> None:
    for arguments in (["--help"], ["-h"]):
        code, out, err = run(*arguments)
        assert (code, err) == (0, "")
        rows = out.partition("Commands:\n")[2].splitlines()
        commands = [line.split()[0] for line in rows if not line.startswith("   ")]
        assert sorted(commands) == [
            "check",
            "diagnose",
            "explain",
            "hops",
            "init",
            "path",
            "probe",
            "prove",
            "rules",
            "schema",
            "servers",
            "upgrade",
        ]
    modules = Path(__file__).parents[2].glob("lint502/cli/*.py")
    assert {path.stem for path in modules} >= set(commands)
