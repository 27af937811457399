from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "read-timeout"


def spec(takes: str, listener: str = "", upstream: str = "up", port: int = 1) -> str:
    return (
        f"[upstream.{upstream}]\nport = {port}\n{listener}"
        f'[upstream.{upstream}.timeouts]\nresponse = "{takes}"\n'
    )


def body(settings: str, directive: str = "proxy_pass http://up:1") -> str:
    return f"\nserver {{ location / {{\n{settings}\n{directive};\n}} }}"


def own(rows: list[Found]) -> list[Found]:
    """Without what is said of settings of another family."""
    return [row for row in rows if row.rule == RULE]


def slow(line: int, severity: str = "error", status: int = 504) -> Found:
    return Found(line, severity, status, "sometimes", RULE, "up")


@pytest.mark.parametrize(
    ("settings", "takes", "line"),
    [
        # 60s by default
        ("", "61s", 4),
        ("", "60s", None),
        ("", "20s", None),
        ("proxy_read_timeout 10s;", "20s", 3),
        ("proxy_read_timeout 2m;", "90s", None),
        ("proxy_send_timeout 5m; proxy_connect_timeout 5m;", "90s", 4),
        ("fastcgi_read_timeout 5m;", "90s", 4),
    ],
)
def test_the_read_timeout_in_effect(
    lint: Lint, settings: str, takes: str, line: int | None
) -> None:
    assert own(lint(body(settings), spec(takes))) == ([] if line is None else [slow(line)])


@pytest.mark.parametrize("kind", ["fastcgi", "uwsgi", "scgi", "grpc", "memcached"])
def test_each_family_has_one_of_its_own(lint: Lint, kind: str) -> None:
    facts = spec("90s", f'protocol = "{kind}"\n')
    directive = f"{kind}_pass up:1"
    assert own(lint(body("proxy_read_timeout 5m;", directive), facts)) == [slow(4)]
    assert lint(body(f"{kind}_read_timeout 5m;", directive), facts) == []


def test_nothing_is_declared(lint: Lint) -> None:
    assert lint(body("proxy_read_timeout 1s;"), "[upstream.up]\nport = 1\n") == []
    assert lint(body("proxy_read_timeout $t;"), spec("90s")) == []


def test_the_upstream_gives_up_first(lint: Lint) -> None:
    """Then it is the upstream's 502, of which request-timeout speaks."""
    facts = spec("90s", "", "up") + 'request = "30s"\n'
    assert [row.rule for row in lint(body(""), facts)] == ["request-timeout"]
    facts = spec("90s") + 'request = "2m"\n'
    assert lint(body(""), facts) == [slow(4)]


def test_zero_has_a_rule_of_its_own(lint: Lint) -> None:
    found = lint(body("proxy_read_timeout 0;"), spec("90s"))
    assert [row.rule for row in found] == ["zero-timeout"]


@pytest.mark.parametrize(
    ("settings", "severity"),
    [
        ("", "error"),
        ("proxy_next_upstream error timeout non_idempotent;", "warning"),
        ("proxy_next_upstream error non_idempotent;", "error"),
        ("proxy_next_upstream_tries 1;", "error"),
    ],
)
def test_one_slow_server_of_two(lint: Lint, settings: str, severity: str) -> None:
    """Not every method is sent to the other one, if it was sent before."""
    text = "\nupstream b { server up:1; server other:2; } server {\nlocation / {\n" \
        f"{settings} proxy_pass http://b;\n}} }}"  # fmt: skip
    facts = spec("90s") + spec("1s", upstream="other", port=2)
    rows = [row for row in lint(text, facts) if row.rule == RULE]
    assert rows == [slow(4, severity)]


def test_stream(lint: Lint, findings: Findings) -> None:
    text = "\nserver { listen 1;\n%s\nproxy_pass up:1; }"
    facts = spec("15m", 'protocol = "tcp"\n')
    assert lint(text % "", facts, wrap=stream) == [slow(4, status=200)]
    assert lint(text % "proxy_timeout 1h;", facts, wrap=stream) == []
    (finding,) = findings(text % "", facts, wrap=stream)
    assert finding.message == (
        "up takes up to 15m to start an answer, but nginx waits for 10m (proxy_timeout) by "
        "default: the client gets no answer"
    )


def test_the_fix_is_longer(findings: Findings) -> None:
    (finding,) = findings(body(""), spec("3m"))
    assert finding.fix is not None
    assert finding.fix.description == "proxy_read_timeout 210s;"


GIVES_UP = '[upstream.up]\nport = 1\n%s[upstream.up.timeouts]\nrequest = "%s"\n'
PERHAPS = [slow(4, "warning")]


@pytest.mark.parametrize(
    ("settings", "request_timeout", "found"),
    [
        # 60s by default
        ("", "120s", PERHAPS),
        ("", "61s", PERHAPS),
        ("", "60s", []),
        # as it is written somebody wants it, unless it is much less
        ("proxy_read_timeout 85s;", "90s", []),
        ("proxy_read_timeout 60s;", "120s", []),
        ("proxy_read_timeout 30s;", "61s", [slow(3, "warning")]),
        ("proxy_read_timeout $t;", "61s", []),
    ],
)
def test_the_upstream_works_for_nobody(
    lint: Lint, settings: str, request_timeout: str, found: list[Found]
) -> None:
    assert lint(body(settings), GIVES_UP % ("", request_timeout)) == found


@pytest.mark.parametrize("kind", ["fastcgi", "uwsgi", "scgi", "grpc", "memcached"])
def test_the_upstream_works_for_nobody_in_each_family(lint: Lint, kind: str) -> None:
    facts = GIVES_UP % (f'protocol = "{kind}"\n', "120s")
    assert own(lint(body("", f"{kind}_pass up:1"), facts)) == (
        [] if kind == "memcached" else PERHAPS
    )


def test_the_longest_answer_is_declared(lint: Lint) -> None:
    assert lint(body(""), GIVES_UP % ("", "120s") + 'response = "50s"\n') == []


def test_the_fix_gives_it_the_same_time(findings: Findings) -> None:
    (finding,) = findings(body(""), GIVES_UP % ("", "120s"))
    assert finding.message == (
        "up works on a request for up to 120s, but nginx waits for 60s (proxy_read_timeout) by "
        "default: an answer that takes longer is a 504, though the upstream still works on it"
    )
    assert finding.fix is not None
    assert [edit.text for edit in finding.fix.edits] == ["proxy_read_timeout 120s;\n"]
    assert finding.fix.safe is False


def test_one_location_is_for_the_slow_answers(lint: Lint) -> None:
    text = (
        "\nserver { location / {\n\nproxy_pass http://up:1; }\n"
        "location /reports/ { proxy_read_timeout %s; proxy_pass http://up:1; } }"
    )
    facts = GIVES_UP % ("", "120s")
    assert lint(text % "120s", facts) == []
    assert lint(text % "59s", facts) == [slow(4, "warning"), slow(5, "warning")]
