from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found, stream

RULE = "tls-version-mismatch"
ONLY_13 = 'tls = { versions = ["TLSv1.3"] }'
OLD = 'tls = { versions = ["TLSv1", "TLSv1.1"] }'


def spec(facts: str) -> str:
    return f"[upstream.up]\nport = 1\n{facts}\n"


def located(*lines: str) -> str:
    return "\nserver { location / {\n" + "\n".join(lines) + "\n} }"


@pytest.mark.parametrize(
    ("version", "facts", "severity"),
    [
        ("1.18.0", ONLY_13, "error"),
        ("1.23.3", ONLY_13, "error"),
        ("1.23.4", ONLY_13, None),
        ("1.30.0", ONLY_13, None),
        ("1.30.0", 'tls = { versions = ["TLSv1.2"] }', None),
        ("1.30.0", OLD, "error"),
        # in common, and refused by OpenSSL 3, which nginx may have from 1.21.2 on
        ("1.26.3", OLD, "warning"),
        ("1.22.1", OLD, "warning"),
        ("1.21.1", OLD, None),
        ("1.26.3", 'tls = { versions = ["TLSv1.1", "TLSv1.2"] }', None),
        ("1.18.0", 'tls = { versions = ["SSLv3"] }', "error"),
        ("1.18.0", "tls = true", None),
        ("1.18.0", "", None),
    ],
)
def test_defaults_by_version(lint: Lint, version: str, facts: str, severity: str | None) -> None:
    frequency = "always" if severity == "error" else "sometimes"
    assert lint(located("proxy_pass https://up:1;"), spec(facts), version=version) == (
        [] if severity is None else [Found(3, severity, 502, frequency, RULE, "up")]
    )


@pytest.mark.parametrize(
    ("lines", "facts", "line"),
    [
        (("proxy_ssl_protocols TLSv1.2;", "proxy_pass https://up:1;"), ONLY_13, 3),
        (("proxy_ssl_protocols TLSv1.2 TLSv1.3;", "proxy_pass https://up:1;"), ONLY_13, None),
        # the lines of a mask add up
        (
            (
                "proxy_ssl_protocols TLSv1.2;",
                "proxy_ssl_protocols TLSv1.3;",
                "proxy_pass https://up:1;",
            ),
            ONLY_13,
            None,
        ),
        (
            ("grpc_ssl_protocols TLSv1.2;", "grpc_pass grpcs://up:1;"),
            f'{ONLY_13}\nprotocol = "grpc"',
            3,
        ),
        (
            ("uwsgi_ssl_protocols TLSv1.2;", "uwsgi_pass suwsgi://up:1;"),
            f'{ONLY_13}\nprotocol = "uwsgi"',
            3,
        ),
        # another family's setting
        (("grpc_ssl_protocols TLSv1.2;", "proxy_pass https://up:1;"), ONLY_13, None),
        # OpenSSL is told otherwise
        (
            (
                "proxy_ssl_protocols TLSv1.2;",
                "proxy_ssl_conf_command Protocol TLSv1.3;",
                "proxy_pass https://up:1;",
            ),
            ONLY_13,
            None,
        ),
        (
            ("proxy_ssl_conf_command MaxProtocol TLSv1.2;", "proxy_pass https://up:1;"),
            ONLY_13,
            3,
        ),
        (
            (
                "proxy_ssl_conf_command Options KTLS;",
                "proxy_ssl_conf_command MinProtocol TLSv1.3;",
                "proxy_pass https://up:1;",
            ),
            'tls = { versions = ["TLSv1.2"] }',
            4,
        ),
        (
            (
                "proxy_ssl_protocols TLSv1.2;",
                "proxy_ssl_conf_command Options KTLS;",
                "proxy_pass https://up:1;",
            ),
            ONLY_13,
            3,
        ),
        (
            ("include missing.conf;", "proxy_pass https://up:1;"),
            'tls = { versions = ["TLSv1"] }',
            None,
        ),
    ],
)
def test_as_it_is_set(lint: Lint, lines: tuple[str, ...], facts: str, line: int | None) -> None:
    found = lint(
        located(*lines), spec(facts), files={"nothing": ""}, allow_missing=("missing.conf",)
    )
    assert [one for one in found if one.rule == RULE] == (
        [] if line is None else [Found(line, "error", 502, "always", RULE, "up")]
    )


@pytest.mark.parametrize(
    "line", ["proxy_ssl_ciphers DEFAULT@SECLEVEL=0;", "proxy_ssl_conf_command CipherString ALL;"]
)
def test_old_versions_that_openssl_is_told_to_take(lint: Lint, line: str) -> None:
    body = located("proxy_ssl_protocols TLSv1 TLSv1.1;", line, "proxy_pass https://up:1;")
    found = lint(body.replace("DEFAULT@", "DEFAULT:@"), spec(OLD))
    assert found == []


def test_stream_and_what_is_no_tls(lint: Lint) -> None:
    body = "\nserver { listen 1; proxy_ssl on; proxy_ssl_protocols TLSv1.2;\nproxy_pass up:1; }"
    assert lint(body, spec(f'{ONLY_13}\nprotocol = "tcp"'), wrap=stream) == [
        Found(2, "error", 502, "always", RULE, "up")
    ]
    through = body.replace("proxy_ssl on;", "proxy_ssl off;")
    assert lint(through, spec(f'{ONLY_13}\nprotocol = "tcp"'), wrap=stream) == []
    # tls-mismatch says it
    plain = located("proxy_ssl_protocols TLSv1.2;", "proxy_pass http://up:1;")
    assert [one.rule for one in lint(plain, spec(ONLY_13))] == ["tls-mismatch"]


def test_a_retry_hides_it(lint: Lint) -> None:
    body = (
        "\nupstream b { server up:1; server other:1; }\n"
        "server { proxy_ssl_protocols TLSv1.2; location / { proxy_pass https://b; } }"
    )
    other = '[upstream.other]\nport = 1\ntls = { versions = ["TLSv1.2"] }\n'
    assert lint(body, spec(ONLY_13) + other) == [Found(3, "warning", 502, "sometimes", RULE, "up")]


def test_message_and_fix(findings: Findings) -> None:
    (found,) = findings(located("proxy_pass https://up:1;"), spec(ONLY_13), version="1.22.1")
    assert found.message == (
        "nginx offers TLSv1, TLSv1.1 and TLSv1.2 by default to up, which accepts only TLSv1.3: "
        "the handshake fails"
    )
    assert found.fix is not None
    assert found.fix.description == "proxy_ssl_protocols TLSv1.2 TLSv1.3;"
    assert found.fix.safe
    (found,) = findings(located("proxy_pass https://up:1;"), spec(OLD), version="1.30.0")
    assert found.fix is not None
    assert found.fix.description == "proxy_ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;"
    assert not found.fix.safe


def test_message_and_fix_where_commands_say_so(findings: Findings) -> None:
    lines = (
        "proxy_ssl_conf_command MaxProtocol TLSv1.2;",
        "proxy_ssl_conf_command MinProtocol TLSv1.3;",
        "proxy_pass https://up:1;",
    )
    (found,) = findings(located(*lines), spec(ONLY_13))
    assert found.message == (
        "nginx offers no version to up, which accepts only TLSv1.3: the handshake fails"
    )
    assert found.fix is not None
    assert (found.fix.description, found.fix.edits) == (
        "proxy_ssl_protocols TLSv1.3; without proxy_ssl_conf_command MaxProtocol and "
        "proxy_ssl_conf_command MinProtocol",
        (),
    )
