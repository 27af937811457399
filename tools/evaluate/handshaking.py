"""Ways to fail in the TLS handshake, at the PROXY header, and where one side speaks TLS alone."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone

from lint502.lab.standins.behaviour import Behaviour, Reaction, TlsBehaviour
from tools.evaluate.cases import Ask, Case, Means, claim, expect
from tools.evaluate.connecting import OK
from tools.evaluate.scripted import (
    answers,
    closes,
    closes_at_once,
    declared,
    greets,
    hangs,
    on_port,
    over_tls,
    resets,
)

_NAMED = ("localhost", "api.internal")
_VERIFY = (
    "proxy_ssl_trusted_certificate @folder@/ca.pem;", "proxy_ssl_verify on;",
    "proxy_ssl_name localhost;",
)  # fmt: skip
_ALERT = b"\x15\x03\x03\x00\x02\x02"


def _case(
    name: str,
    causes: str,
    roots: str,
    server: object,
    *facts: str,
    lines: tuple[str, ...] = (),
    passes: str = "proxy_pass https://@a@;",
    **more: object,
) -> Case:
    text = "".join(f"    {line}\n" for line in lines)
    return Case(
        name,
        f"location /{name}/ {{\n{text}    {passes} #=\n}}\n",
        (Ask(f"/{name}/x", (expect(causes, roots),)), Ask(f"/{name}/y", (expect(causes, roots),))),
        {"a": server},  # type: ignore[dict-item]
        claim(name, *facts),
        **more,  # type: ignore[arg-type]
    )


def _tls(**facts: object) -> Behaviour:
    return Behaviour(tls=TlsBehaviour(**facts))  # type: ignore[arg-type]


def _expired(context: ssl.SSLContext, means: Means) -> None:
    now = datetime.now(timezone.utc)
    means.known._root.issue_cert(
        "localhost", not_before=now - timedelta(days=9), not_after=now - timedelta(days=2)
    ).configure_cert(context)


def _other_ciphers(context: ssl.SSLContext, _: Means) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-CHACHA20-POLY1305")


def _wants_strange(context: ssl.SSLContext, means: Means) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    means.strange._root.configure_trust(context)


_CERTIFICATE = (
    "proxy_ssl_certificate @folder@/client.pem;",
    "proxy_ssl_certificate_key @folder@/client.key;",
)

CASES = (
    _case("plain-port", "not-tls", "tls-mismatch",
          on_port(answers(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")),
          "tls = false"),
    _case("plain-port-closes", "handshake-closed", "tls-mismatch", on_port(closes), "tls = false"),
    _case("plain-port-resets", "handshake-closed", "tls-mismatch", on_port(resets), "tls = false"),
    _case("plain-port-waits", "handshake-timed-out", "tls-mismatch", on_port(hangs),
          "tls = false", lines=("proxy_connect_timeout 400ms;",)),
    _case("fastcgi-behind-tls", "handshake-closed", "protocol-mismatch tls-mismatch",
          on_port(resets), 'protocol = "fastcgi"', "tls = false"),
    _case("implicit-tls-unsaid", "not-tls", "tls-mismatch -",
          on_port(answers(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")),
          'server = "gunicorn"'),
    _case("tls-port", "closed-early", "tls-mismatch", on_port(closes), "tls = true",
          passes="proxy_pass http://@a@;"),
    _case("tls-port-alert", "not-http", "tls-mismatch", on_port(answers(_ALERT + b"\x32")),
          "tls = true", passes="proxy_pass http://@a@;"),
    _case("tls-port-resets", "reset-early", "tls-mismatch", on_port(resets), "tls = true",
          passes="proxy_pass http://@a@;"),
    _case("grpc-to-tls", "http2-answered-otherwise closed-early", "tls-mismatch",
          declared(Behaviour("grpc", tls=TlsBehaviour())), 'protocol = "grpc"', "tls = true",
          passes="grpc_pass grpc://@a@;"),
    _case("grpcs-to-plain", "not-tls handshake-closed sent-early", "tls-mismatch",
          declared(Behaviour("grpc")), 'protocol = "grpc"', "tls = false",
          passes="grpc_pass grpcs://@a@;"),
    _case("no-name", "alert-unrecognized-name", "sni-missing",
          declared(_tls(names=_NAMED, sni_required=True)), "[upstream.no-name.tls]",
          'sni = "required"', 'names = ["localhost", "api.internal"]'),
    _case("no-name-40", "alert-handshake-failure", "sni-missing",
          on_port(answers(_ALERT + b"\x28")), "[upstream.no-name-40.tls]", 'sni = "required"'),
    _case("no-name-80", "alert-internal-error", "sni-missing",
          on_port(answers(_ALERT + b"\x50")), "[upstream.no-name-80.tls]", 'sni = "required"'),
    _case("no-name-closes", "handshake-closed", "sni-missing", on_port(closes),
          "[upstream.no-name-closes.tls]", 'sni = "required"'),
    _case("wrong-name", "alert-unrecognized-name", "sni-missing -",
          declared(_tls(names=_NAMED, knows_only=_NAMED)), "[upstream.wrong-name.tls]",
          'sni = "required"', 'names = ["localhost", "api.internal"]',
          lines=("proxy_ssl_server_name on;", "proxy_ssl_name other.example;")),
    _case("no-certificate-12", "alert-handshake-failure", "client-certificate-missing",
          declared(_tls(client_certificate="required", versions=("TLSv1.2",))),
          "[upstream.no-certificate-12.tls]", 'client_certificate = "required"',
          'versions = ["TLSv1.2"]'),
    _case("no-certificate-13", "client-certificate-required", "client-certificate-missing",
          declared(_tls(client_certificate="required")), "[upstream.no-certificate-13.tls]",
          'client_certificate = "required"', lines=("proxy_ssl_protocols TLSv1.3;",)),
    _case("strange-certificate", "client-certificate-rejected connect-reset tls-shutdown", "-",
          over_tls(answers(OK), _wants_strange), "[upstream.strange-certificate.tls]",
          'client_certificate = "required"', lines=_CERTIFICATE),
    _case("misnamed", "certificate-name-mismatch", "tls-name-mismatch",
          declared(_tls(names=("api.internal",))), "[upstream.misnamed.tls]",
          'names = ["api.internal"]', lines=_VERIFY),
    _case("unknown-authority", "certificate-not-verified", "-",
          declared(_tls(names=_NAMED), strange=True), "[upstream.unknown-authority.tls]",
          'names = ["localhost", "api.internal"]', lines=_VERIFY),
    _case("long-chain", "certificate-not-verified", "tls-verify-depth",
          declared(_tls(names=_NAMED, chain_depth=2)), "[upstream.long-chain.tls]",
          'names = ["localhost", "api.internal"]', "chain_depth = 2", lines=_VERIFY),
    _case("expired", "certificate-expired", "-", over_tls(answers(OK), _expired),
          "[upstream.expired.tls]", 'names = ["localhost"]', lines=_VERIFY),
    _case("new-tls-only", "alert-protocol-version", "tls-version-mismatch",
          declared(_tls(versions=("TLSv1.3",))), "[upstream.new-tls-only.tls]",
          'versions = ["TLSv1.3"]', lines=("proxy_ssl_protocols TLSv1.2;",)),
    _case("old-tls-only", "alert-protocol-version alert-internal-error", "tls-version-mismatch",
          declared(_tls(versions=("TLSv1.1",))), "[upstream.old-tls-only.tls]",
          'versions = ["TLSv1.1"]', lines=("proxy_ssl_protocols TLSv1.2 TLSv1.3;",)),
    _case("old-nginx-tls", "alert-internal-error alert-protocol-version", "tls-version-mismatch",
          declared(_tls(versions=("TLSv1.2", "TLSv1.3"))), "[upstream.old-nginx-tls.tls]",
          'versions = ["TLSv1.2", "TLSv1.3"]', lines=("proxy_ssl_protocols TLSv1;",)),
    _case("ciphers", "alert-handshake-failure", "-", over_tls(answers(OK), _other_ciphers),
          "[upstream.ciphers.tls]", 'versions = ["TLSv1.2"]',
          lines=("proxy_ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;",)),
    _case("proxy-header-first", "closed-early", "proxy-protocol-mismatch", on_port(closes),
          "proxy_protocol = true", passes="proxy_pass http://@a@;"),
    _case("proxy-header-resets", "reset-early", "proxy-protocol-mismatch", on_port(resets),
          "proxy_protocol = true", passes="proxy_pass http://@a@;"),
    _case("proxy-header-in-tls", "handshake-closed", "proxy-protocol-mismatch", on_port(closes),
          "proxy_protocol = true", "tls = true"),
    _case("proxy-header-answers", "not-tls", "proxy-protocol-mismatch",
          on_port(answers(b"HTTP/1.1 400 Bad Request\r\n\r\n")), "proxy_protocol = true",
          "tls = true"),
    _case("proxy-header-waits", "response-timed-out", "proxy-protocol-mismatch", on_port(hangs),
          "proxy_protocol = true", passes="proxy_pass http://@a@;",
          lines=("proxy_read_timeout 300ms;",)),
    _case("alpn", "alert-no-application-protocol", "protocol-mismatch http-version-mismatch",
          declared(Behaviour("http", tls=TlsBehaviour(), reaction=Reaction("refuse", 120))),
          'protocol = "http"', "tls = true", passes="grpc_pass grpcs://@a@;"),
    _case("greeting", "sent-early not-tls not-http handshake-closed",
          "tls-mismatch protocol-mismatch",
          on_port(greets(b"220 mail.example ESMTP\r\n")), "tls = false"),
    _case("docker-tls", "handshake-closed", "-", on_port(closes_at_once), "tls = true"),
)  # fmt: skip
