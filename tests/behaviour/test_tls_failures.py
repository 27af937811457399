"""Why a TLS handshake fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.behaviour.tls_failures import (
    answers_400,
    is_address,
    misnamed,
    missing_header,
    sends_header,
    too_small,
    unnamed,
    without_version,
)
from lint502.pairing import Pair
from tests.support.pairs import UNSEEN, pair_of, pairs_of
from tests.support.sites import OLD, hop_of, http, stream

HTTPS = "proxy_pass https://up:1;"
PLAIN = "proxy_pass http://up:1;"


def located(
    folder: Path,
    settings: str,
    facts: str,
    passed: str = HTTPS,
    *,
    around: str = "",
    version: str = OLD,
) -> Pair:
    body = f"{around} server {{ location / {{ {settings} {passed} }} }}"
    spec = f"[upstream.up]\nport = 1\n{facts}\n"
    return pairs_of(folder, http(body), spec, version=version)[0]


ONLY_1_1 = "proxy_ssl_protocols TLSv1.1;"
OLD_ONES = 'tls.versions = ["TLSv1", "TLSv1.1"]'


@pytest.mark.parametrize(
    ("settings", "facts", "version", "expected"),
    [
        ("proxy_ssl_protocols TLSv1.2;", 'tls.versions = ["TLSv1.3"]', OLD, True),
        ("proxy_ssl_protocols TLSv1.2 TLSv1.3;", 'tls.versions = ["TLSv1.3"]', OLD, None),
        ("", OLD_ONES, "1.30.0", True),  # by default no longer
        # what OpenSSL 3 signs nothing of, by which nginx may be built from 1.21.2 on
        (ONLY_1_1, OLD_ONES, "1.21.2", False),
        (ONLY_1_1, OLD_ONES, "1.21.1", None),
        (ONLY_1_1, 'tls.versions = ["TLSv1.1", "TLSv1.2"]', OLD, False),
        (
            "proxy_ssl_protocols TLSv1.1 TLSv1.2;",
            'tls.versions = ["TLSv1.1", "TLSv1.2"]',
            OLD,
            None,
        ),
        ("proxy_ssl_protocols SSLv3;", 'tls.versions = ["SSLv3"]', OLD, False),
        (f"{ONLY_1_1} proxy_ssl_ciphers DEFAULT@SECLEVEL=0;", OLD_ONES, OLD, None),
        (f"{ONLY_1_1} proxy_ssl_ciphers default@seclevel=0;", OLD_ONES, OLD, None),
        (f"{ONLY_1_1} proxy_ssl_ciphers DEFAULT@SECLEVEL=1;", OLD_ONES, OLD, False),
        (f"{ONLY_1_1} proxy_ssl_conf_command CipherString a;", OLD_ONES, OLD, None),
        (f"{ONLY_1_1} proxy_ssl_ciphers $ciphers;", OLD_ONES, OLD, None),
        # not known
        ("proxy_ssl_protocols TLSv1.2;", "tls = true", OLD, None),
        (UNSEEN, OLD_ONES, OLD, None),
        ("proxy_ssl_protocols TLSv1.2;", 'tls.versions = ["TLSv1.3"]\n[upstream.x]', OLD, True),
    ],
)
def test_versions(
    settings: str, facts: str, version: str, expected: bool | None, tmp_path: Path
) -> None:
    assert without_version(located(tmp_path, settings, facts, version=version)) is expected


def test_versions_of_others(tmp_path: Path) -> None:
    facts, settings = 'tls.versions = ["TLSv1.3"]', "proxy_ssl_protocols TLSv1.2;"
    assert without_version(located(tmp_path, settings, "tls = false")) is None
    # once the scheme is right
    assert without_version(located(tmp_path, settings, facts, PLAIN)) is True
    grpc = "grpc_pass grpcs://up:1;"
    assert without_version(located(tmp_path, settings, facts, grpc)) is None
    assert without_version(located(tmp_path, "grpc_ssl_protocols TLSv1.2;", facts, grpc)) is True
    assert without_version(located(tmp_path, settings, facts, "proxy_pass https://x:1;")) is None


REQUIRED = 'tls.sni = "required"'
NAMED = f'{REQUIRED}\ntls.names = ["up.example", "*.up.example"]'
ON = "proxy_ssl_server_name on;"


def said(pair: Pair) -> tuple[str, bool, bool, tuple[str, ...], str | None] | None:
    found = unnamed(pair)
    if found is None:
        return None
    line = None if found.line is None else found.line.name
    return found.clause, found.certain, found.always, found.names, line


UNKNOWN_UP = (
    'sends "up", where its certificate has up.example and *.up.example', False, True, ("up",), None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "facts", "expected"),
    [
        ("", REQUIRED, ("sends none by default", True, True, (), None)),
        (
            "proxy_ssl_server_name off;",
            REQUIRED,
            ("sends none", True, True, (), "proxy_ssl_server_name"),
        ),
        ("", 'tls.sni = "optional"', None),
        ("", "tls = true", None),
        (UNSEEN, REQUIRED, None),
        (ON, REQUIRED, None),
        (
            f"{ON} proxy_ssl_name 10.0.0.9;",
            REQUIRED,
            (
                "cannot send an address, as 10.0.0.9 is, as one",
                True,
                True,
                ("10.0.0.9",),
                "proxy_ssl_name",
            ),
        ),
        (
            f'{ON} proxy_ssl_name "";',
            REQUIRED,
            ("cannot send an empty name as one", True, True, ("",), "proxy_ssl_name"),
        ),
        # a name that its certificate lacks, unless that is verified anyway
        (ON, NAMED, UNKNOWN_UP),
        (f"{ON} proxy_ssl_verify off;", NAMED, UNKNOWN_UP),
        (f"{ON} proxy_ssl_verify on;", NAMED, None),
        (f"{ON} proxy_ssl_name up.example;", NAMED, None),
        (f"{ON} proxy_ssl_name a.up.example;", NAMED, None),
        (
            f"{ON} proxy_ssl_name $n;",
            REQUIRED,
            (
                "cannot send an address, as 10.0.0.1 is, as one",
                True,
                False,
                ("10.0.0.1",),
                "proxy_ssl_name",
            ),
        ),
        (f"{ON} proxy_ssl_name $host;", NAMED, None),
    ],
)
def test_names_that_are_not_sent(
    settings: str,
    facts: str,
    expected: tuple[str, bool, bool, tuple[str, ...], str | None] | None,
    tmp_path: Path,
) -> None:
    around = "map $uri $n { default up.example; /a 10.0.0.1; }"
    assert said(located(tmp_path, settings, facts, around=around)) == expected


def test_names_that_are_not_sent_by_others(tmp_path: Path) -> None:
    assert said(located(tmp_path, "", REQUIRED, "proxy_pass https://x:1;")) is None
    assert said(located(tmp_path, "", "tls = false")) is None
    found = said(located(tmp_path, ON, REQUIRED, "grpc_pass grpcs://up:1;"))
    assert found is not None and found[0] == "sends none by default"


NAMES = 'tls.names = ["up.example", "*.up.example"]'
VERIFY = "proxy_ssl_verify on;"


@pytest.mark.parametrize(
    ("settings", "facts", "expected"),
    [
        (VERIFY, NAMES, (("up",), True)),
        ("", NAMES, None),
        (UNSEEN, NAMES, None),
        (f"{VERIFY} proxy_ssl_name up.example;", NAMES, None),
        (f"{VERIFY} proxy_ssl_name A.UP.EXAMPLE;", NAMES, None),
        # OpenSSL takes it for any name below it
        (f"{VERIFY} proxy_ssl_name .up.example;", NAMES, None),
        # where the names are not known, no certificate does for an address
        (VERIFY, "tls = true", None),
        (f"{VERIFY} proxy_ssl_name 10.0.0.1;", "tls = true", (("10.0.0.1",), True)),
        (f"{VERIFY} proxy_ssl_name [::1]:443;", "tls = true", (("[::1]",), True)),
        (f"{VERIFY} proxy_ssl_name 10.0.0.1;", 'tls.names = ["10.0.0.1"]', (("10.0.0.1",), True)),
        (f"{VERIFY} proxy_ssl_name $n;", NAMES, (("10.0.0.1",), False)),
    ],
)
def test_names_that_nginx_verifies(
    settings: str, facts: str, expected: tuple[tuple[str, ...], bool] | None, tmp_path: Path
) -> None:
    around = "map $uri $n { default up.example; /a 10.0.0.1; }"
    found = misnamed(located(tmp_path, settings, facts, around=around))
    assert (None if found is None else (found.names, found.always)) == expected


def test_names_of_what_is_not_declared(tmp_path: Path) -> None:
    assert misnamed(located(tmp_path, VERIFY, NAMES, "proxy_pass https://x:1;")) is None
    assert misnamed(located(tmp_path, VERIFY, "tls = false")) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("10.0.0.1", True), ("::1", True), ("[::1]", True), ("a", False), ("", False), ("[a]", False)],
)
def test_addresses(name: str, expected: bool) -> None:
    assert is_address(name) is expected


@pytest.mark.parametrize(
    ("settings", "facts", "expected"),
    [
        (VERIFY, "tls.chain_depth = 1", None),
        (VERIFY, "tls.chain_depth = 2", 1),
        ("", "tls.chain_depth = 2", None),
        (UNSEEN, "tls.chain_depth = 2", None),
        (VERIFY, "tls = true", None),
        (f"{VERIFY} proxy_ssl_verify_depth 2;", "tls.chain_depth = 2", None),
        (f"{VERIFY} proxy_ssl_verify_depth 2;", "tls.chain_depth = 3", 2),
        (f"{VERIFY} proxy_ssl_verify_depth 0;", "tls.chain_depth = 1", 0),
        (f"{VERIFY} grpc_ssl_verify_depth 3;", "tls.chain_depth = 2", 1),
        (f"{VERIFY} {UNSEEN}", "tls.chain_depth = 2", None),
    ],
)
def test_depths(settings: str, facts: str, expected: int | None, tmp_path: Path) -> None:
    found = too_small(located(tmp_path, settings, facts))
    assert (None if found is None else found.value) == expected


def test_depths_of_others(tmp_path: Path) -> None:
    deep = "tls.chain_depth = 9"
    assert too_small(located(tmp_path, VERIFY, deep, "proxy_pass https://x:1;")) is None
    grpc = "grpc_pass grpcs://up:1;"
    assert too_small(located(tmp_path, VERIFY, deep, grpc)) is None
    found = too_small(located(tmp_path, "grpc_ssl_verify on;", deep, grpc))
    assert found is not None and found.value == 1
    spec = f'[upstream.up]\nport = 1\nprotocol = "tcp"\n{deep}\ntls.names = ["x"]\n'
    text = stream(f"server {{ listen 1; {VERIFY} proxy_pass up:1; }}")
    plain = pair_of(tmp_path, text, spec)
    assert (too_small(plain), misnamed(plain)) == (None, None)
    safe = pair_of(tmp_path, text.replace(VERIFY, f"{VERIFY} proxy_ssl on;"), spec)
    assert too_small(safe) is not None and misnamed(safe) is not None


@pytest.mark.parametrize(
    ("settings", "sends"),
    [("", False), ("proxy_protocol on;", True), ("proxy_protocol off;", False),
     ("proxy_protocol OFF;", False), ("proxy_protocol v2;", True), (UNSEEN, None)],
)  # fmt: skip
def test_the_header(settings: str, sends: bool | None, tmp_path: Path) -> None:
    """True: awaited in vain; False: one too many."""

    def missing(facts: str, udp: str = "", protocol: str = "tcp") -> bool | None:
        text = stream(f"server {{ listen 1 {udp}; {settings} proxy_pass up:1; }}")
        spec = f'[upstream.up]\nport = 1\nprotocol = "{protocol}"\n{facts}\n'
        return missing_header(pair_of(tmp_path, text, spec))

    text = stream(f"server {{ listen 1; {settings} proxy_pass up:1; }}")
    assert sends_header(hop_of(tmp_path, text)) is sends
    assert missing("") is None
    assert missing("proxy_protocol = true") is (True if sends is False else None)
    assert missing("proxy_protocol = false") is (False if sends else None)
    assert missing("proxy_protocol = true", udp="udp", protocol="udp") is None


def test_the_header_in_http(tmp_path: Path) -> None:
    """Only stream can send it; whatever is set around it."""
    assert missing_header(located(tmp_path, "", "proxy_protocol = true")) is True
    assert missing_header(located(tmp_path, "", "proxy_protocol = false")) is None
    assert missing_header(located(tmp_path, "", "", "proxy_pass https://x:1;")) is None
    assert missing_header(located(tmp_path, UNSEEN, "proxy_protocol = true")) is True


@pytest.mark.parametrize(
    ("facts", "expected"),
    [('server = "nginx"', True), ('server = "nginx/1.30"', True), ('server = "node"', False),
     ("", False)],
)  # fmt: skip
def test_who_answers_a_client_without_a_certificate(
    facts: str, expected: bool, tmp_path: Path
) -> None:
    assert answers_400(located(tmp_path, "", facts)) is expected
    assert not answers_400(located(tmp_path, "", facts, "proxy_pass https://x:1;"))
