"""Lines that public reports of 502s quote: each shows the cause that was found, or one that may be.

The lines are shortened to what nginx writes itself; addresses and paths are made up where a report
leaves them out.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from lint502.diagnosis.causes import cause_of
from lint502.diagnosis.statements import Statement

_CONNECT = "while connecting to upstream"
_HEAD = "while reading response header from upstream"
_TLS = "while SSL handshaking to upstream"
_REFUSED = f"connect() failed (111: Connection refused) {_CONNECT}"
_CLOSED = f"upstream prematurely closed connection {_HEAD}"
_RESET = f"recv() failed (104: Connection reset by peer) {_HEAD}"
_HTTP = "http://172.18.0.5:8000/"
_FPM = "fastcgi://127.0.0.1:9000"
_GRPC = "grpc://127.0.0.1:50051"


class Report(NamedTuple):
    """A report, the line that it quotes, and what came of it; ``rule`` is "" where no rule finds
    such a cause."""

    url: str
    message: str
    upstream: str | None
    cause: str
    rule: str
    request: str


def _github(
    name: str,
    message: str,
    upstream: str | None,
    cause: str,
    rule: str,
    request: str = "GET / HTTP/1.1",
) -> Report:
    repository, _, number = name.partition("#")
    url = f"https://github.com/{repository}/issues/{number}"
    return Report(url, message, upstream, cause, rule, request)


_POST = "POST /graphql HTTP/1.1"

REPORTS = [
    _github("jetty/jetty.project#2306", _CLOSED, _HTTP, "closed-early", "keepalive-race"),
    _github("twentyhq/twenty#22327", _RESET, _HTTP, "reset-early", "keepalive-race", _POST),
    _github("cloudfoundry/capi-release#674", "writev() failed (32: Broken pipe) while sending "
            "request to upstream", "http://unix:/run/cc.sock:/", "closed-while-sending",
            "keepalive-race", "POST / HTTP/1.1"),
    _github("perusio/drupal-with-nginx#160", f"upstream sent unexpected FastCGI record: 3 {_HEAD}",
            _FPM, "fastcgi-out-of-step", "keepalive-unsupported"),
    _github("xplicit/HyperFastCgi#55", "upstream sent unsupported FastCGI protocol version: 0 "
            f"{_HEAD}", _FPM, "fastcgi-answered-otherwise", "keepalive-unsupported"),
    _github("lobre/docker-notion-proxy#1", f"upstream sent too big header {_HEAD}", _HTTP,
            "header-too-big", "response-header-buffer"),
    _github("puphpet/puphpet#576", f"upstream sent too big header {_HEAD}", _FPM,
            "header-too-big", "buffer-directive-family"),
    _github("nginx-proxy/nginx-proxy#2378", _REFUSED, "http://172.18.0.4:8400/", "refused",
            "port-mismatch"),
    _github("wdaike/ngx_upstream_jdomain#4", _REFUSED, "http://10.0.0.4:80/", "refused",
            "implicit-port-80"),
    _github("nginx-proxy/nginx-proxy#413", f"no live upstreams {_CONNECT}", "http://app/",
            "no-live-upstreams", "no-live-peer"),
    _github("kubernetes/ingress-nginx#4480", _CLOSED, "http://10.1.2.3:8443/", "closed-early",
            "tls-mismatch"),
    _github("nginx/kubernetes-ingress#6030", f"upstream sent no valid HTTP/1.0 header {_HEAD}",
            "http://10.1.2.3:8443/", "not-http", "tls-mismatch"),
    _github("outroll/vesta#2010", "SSL_do_handshake() failed (SSL: error:1408F10B:SSL "
            f"routines:ssl3_get_record:wrong version number) {_TLS}", "https://10.0.0.1:8443/",
            "not-tls", "tls-mismatch"),
    _github("XTLS/Xray-core#423", f"upstream sent too large http2 frame: 4740180 {_HEAD}", _GRPC,
            "http2-answered-otherwise", "protocol-mismatch"),
    _github("Kong/kong#6654", f"upstream sent too large http2 frame: 3940676 {_HEAD}", _GRPC,
            "http2-answered-otherwise", "protocol-mismatch"),
    _github("grpc/grpc#11427", f"upstream sent no valid HTTP/1.0 header {_HEAD}",
            "http://10.0.0.1:50051/", "not-http", "protocol-mismatch"),
    _github("FreshRSS/FreshRSS#2582", "upstream sent unsupported FastCGI protocol version: 83 "
            f"{_HEAD}", "fastcgi://unix:/run/synoscgi.sock:", "fastcgi-answered-otherwise",
            "protocol-mismatch"),
    _github("gitlabhq/gitlabhq#9830", "upstream sent unsupported FastCGI protocol version: 72 "
            f"{_HEAD}", _FPM, "fastcgi-answered-otherwise", "protocol-mismatch"),
    _github("spantaleev/matrix-docker-ansible-deploy#3055", "SSL_do_handshake() failed (SSL: "
            "error:14094410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:SSL alert "
            f"number 40) {_TLS}", "https://104.16.0.1:443/", "alert-handshake-failure",
            "sni-missing"),
    _github("NginxProxyManager/nginx-proxy-manager#4457", "SSL_do_handshake() failed (SSL: "
            "error:0A000458:SSL routines::tlsv1 unrecognized name:SSL alert number 112) "
            f"{_TLS}", "https://10.0.0.2:443/", "alert-unrecognized-name", "sni-missing"),
    _github("kubernetes/ingress-nginx#4928", "upstream SSL certificate does not match "
            f'"upstream_balancer" {_TLS}', "https://10.0.0.2:443/", "certificate-name-mismatch",
            "tls-name-mismatch"),
    _github("nginx/nginx#1409", "upstream SSL certificate verify error: (20:unable to get local "
            f"issuer certificate) {_TLS}", "https://10.0.0.2:443/", "certificate-not-verified",
            "tls-verify-depth"),
    _github("nginx/kubernetes-ingress#849", "SSL_do_handshake() failed (SSL: error:14094412:SSL "
            "routines:ssl3_read_bytes:sslv3 alert bad certificate:SSL alert number 42) "
            f"{_TLS}", "https://10.0.0.2:443/", "client-certificate-required",
            "client-certificate-missing"),
    _github("jointakahe/takahe#693", "SSL_do_handshake() failed (SSL: error:1409442E:SSL "
            "routines:ssl3_read_bytes:tlsv1 alert protocol version:SSL alert number 70) "
            f"{_TLS}", "https://10.0.0.2:443/", "alert-protocol-version", "tls-version-mismatch"),
    _github("openresty/openresty#1084", "SSL_do_handshake() failed (SSL: error:0A0000BF:SSL "
            f"routines::no protocols available) {_TLS}", "https://10.0.0.2:443/",
            "alert-protocol-version", "tls-version-mismatch"),
    _github("rpardini/docker-registry-proxy#18", f"peer closed connection in SSL handshake {_TLS}",
            "https://10.0.0.2:443/", "handshake-closed", "tls-version-mismatch"),
    _github("nextcloud/notify_push#47", _REFUSED, "http://[::1]:7867/", "refused-ipv6",
            "localhost-family"),
    _github("chobits/ngx_http_proxy_connect_module#199", "connect() to [2408::1]:443 failed (101: "
            f"Network is unreachable) {_CONNECT}", "https://[2408::1]:443/", "ipv6-unavailable",
            "resolver-ipv6"),
    _github("chobits/ngx_http_proxy_connect_module#138", "connect() to [240e::1]:443 failed (99: "
            f"Cannot assign requested address) {_CONNECT}", "https://[240e::1]:443/",
            "ipv6-unavailable", "resolver-ipv6"),
    _github("Trustroots/trustroots#752", _REFUSED, "http://172.17.0.5:3000/", "refused",
            "bind-mismatch"),
    _github("kejilion/sh#117", "connect() to unix:/run/php/php-fpm.sock failed (111: Connection "
            f"refused) {_CONNECT}", "fastcgi://unix:/run/php/php-fpm.sock:", "socket-refused",
            "socket-path-mismatch"),
    _github("serveradminsh/installers#1", _REFUSED, _FPM, "refused", "socket-path-mismatch"),
    _github("dptobat/learning-php#23", "connect() to unix:/run/php-cgi.sock failed (2: No such "
            f"file or directory) {_CONNECT}", "fastcgi://unix:/run/php-cgi.sock:",
            "no-such-socket", "socket-path-mismatch"),
    _github("netdata/netdata#3347", "connect() to unix:/tmp/netdata.sock failed (2: No such file "
            f"or directory) {_CONNECT}", "http://unix:/tmp/netdata.sock:/", "no-such-socket",
            "unix-socket-in-tmp"),
    _github("cachethq/cachet#3185", "connect() to unix:/run/php/php-fpm.sock failed (13: "
            f"Permission denied) {_CONNECT}", "fastcgi://unix:/run/php/php-fpm.sock:",
            "socket-permission", "socket-permission"),
    _github("TeamPiped/Piped#1104", "no resolver defined to resolve varnish", None, "no-resolver",
            "resolver-missing"),
    _github("NginxProxyManager/nginx-proxy-manager#259", "host.docker.internal could not be "
            "resolved (3: Host not found)", None, "host-not-found", "resolver-mismatch"),
    _github("Joxit/docker-registry-ui#339", "send() failed (111: Connection refused) while "
            "resolving", None, "dns-unreachable", "resolver-mismatch"),
    _github("open-nvr/open-nvr#256", _REFUSED, _HTTP, "refused", "static-dns"),
    _github("nginx-proxy/nginx-proxy#1495", f"no live upstreams {_CONNECT}", "http://app/",
            "no-live-upstreams", "single-failure-ejection"),
    _github("unbit/uwsgi#2264", _CLOSED, _HTTP, "closed-early", "request-timeout"),
    _github("unbit/uwsgi#682", _RESET, "uwsgi://127.0.0.1:3031", "reset-early",
            "request-header-limit"),
    _github("golang/go#22209", _RESET, _HTTP, "reset-early", "request-body-limit", _POST),
    _github("actix/actix-web#3967", "writev() failed (32: Broken pipe) while sending request to "
            "upstream", _HTTP, "closed-while-sending", "request-body-limit", _POST),
    _github("iv-org/invidious#604", "upstream prematurely closed connection while reading upstream",
            _HTTP, "cut-in-body", "connection-header"),
    _github("nginx/nginx#1228", 'upstream sent "Content-Length" and "Transfer-Encoding" headers at '
            f"the same time {_HEAD}", _HTTP, "response-framing", "http-version-mismatch"),
    _github("freenginx/nginx#14", 'upstream sent duplicate header line: "Transfer-Encoding: '
            f'chunked", previous value: "Transfer-Encoding: chunked" {_HEAD}', _HTTP,
            "response-framing", ""),
    _github("openresty/openresty#833", rf'upstream sent invalid header: "\x09..." {_HEAD}', _HTTP,
            "invalid-header", ""),
    _github("puma/puma#1449", "connect() to unix:/run/puma.sock failed (11: Resource temporarily "
            f"unavailable) {_CONNECT}", "http://unix:/run/puma.sock:/", "queue-full", ""),
    _github("VaultaFoundation/evm-contract#512", "connect() to 10.0.0.9:8881 failed (99: Address "
            f"not available) {_CONNECT}", "http://10.0.0.9:8881/", "ports-exhausted",
            "keepalive-unused"),
    _github("mendix/cf-mendix-buildpack#135", f"1024 worker_connections are not enough {_CONNECT}",
            "http://127.0.0.1:8080/", "connections-used-up", ""),
    _github("RiotGamesCookbooks/nexus-cookbook#115", "connect() to 127.0.0.1:8081 failed (13: "
            f"Permission denied) {_CONNECT}", "http://127.0.0.1:8081/", "connect-denied", ""),
    _github("swoole/swoole-src#4635", f"upstream sent invalid http2 table index: 67 {_HEAD}", _GRPC,
            "http2-broken", ""),
    _github("thinkst/canarytokens-docker#100", "connect() failed (113: No route to host) "
            f"{_CONNECT}", _HTTP, "unreachable", ""),
]  # fmt: skip


@pytest.mark.parametrize("report", REPORTS, ids=[report.url[19:] for report in REPORTS])
def test_the_line_shows_what_was_found(report: Report) -> None:
    statement = Statement(
        "error",
        report.message,
        server="example.org",
        request=report.request,
        upstream=report.upstream,
        host="example.org",
    )
    cause = cause_of(statement)
    assert cause.name == report.cause
    if report.rule:
        assert report.rule in {rule for one in cause.candidates for rule in one.rules}
    else:
        assert any(not one.rules for one in cause.candidates)
