from __future__ import annotations

import pytest

from tests.support.linting import Findings, Lint
from tests.support.sites import Found

RULE = "front-response-headers"
BUFFERS = "proxy_buffer_size 128k; proxy_buffers 8 128k; proxy_busy_buffers_size 256k;"
SHOP = '[upstream.shop]\nport = 3000\nprotocol = "http"\n'


def spec(sends: str, front: str) -> str:
    return f'{SHOP}limits = {{ response_headers = "{sends}" }}\n[front.edge]\n{front}\n'


def body(passes: str = "proxy_pass http://127.0.0.1:3000;", name: str = "shop") -> str:
    return f"\nserver {{ listen 80; server_name {name};\nlocation / {{ {BUFFERS}\n{passes} }} }}"


def own(rows: list[Found]) -> list[Found]:
    return [row for row in rows if row.rule == RULE]


@pytest.mark.parametrize(
    ("sends", "front", "status"),
    [
        ("40k", 'kind = "aws-alb"', 502),
        ("32k", 'kind = "aws-alb"', None),
        ("40k", 'kind = "aws-alb"\nresponse_headers = "64k"', None),
        ("20k", 'kind = "haproxy"\nresponse_headers = "16k"', 502),
        ("20k", 'response_headers = "16k"', 502),
        ("129k", 'kind = "cloudflare"', 520),
        ("128k", 'kind = "cloudflare"', None),
        ("70k", 'kind = "fastly"', 503),
        ("81k", 'kind = "envoy"', 502),
        ("21k", 'kind = "cloudfront"', 502),
        ("40k", 'kind = "google-lb"', None),  # nobody knows
        ("40k", 'kind = "aws-alb"\nservers = ["shop"]', 502),
    ],
)
def test_the_sizes(lint: Lint, sends: str, front: str, status: int | None) -> None:
    large = [Found(4, "error", status, "sometimes", RULE, None)]
    assert own(lint(body(), spec(sends, front))) == ([] if status is None else large)


def test_what_does_not_come_that_way(lint: Lint) -> None:
    two = body() + " server { listen 80; server_name other; return 204; }"
    front = 'kind = "aws-alb"\nservers = ["other"]'
    assert own(lint(two, spec("40k", front))) == []
    assert own(lint(body("return 204;"), spec("40k", 'kind = "aws-alb"'))) == []
    assert own(lint(body(), SHOP + '[front.edge]\nkind = "aws-alb"\n')) == []


def test_its_words(findings: Findings) -> None:
    found = findings(body(), spec("40k", 'kind = "aws-alb"'))
    (finding,) = (one for one in found if one.rule == RULE)
    assert finding.message == (
        "shop sends response headers of up to 40k, which nginx passes on, but edge takes at most "
        "32k (the default of aws-alb): shop answers 502"
    )
    assert (finding.front, finding.log, len(finding.hops)) == ("edge", None, 1)
