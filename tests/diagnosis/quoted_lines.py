"""Lines that people quote in reports, as they paste them, with what each came of.

Names and addresses are private or made up; times, numbers and referrers are left out where a
reader does not need them. ``rule`` is one that finds such a cause beforehand, "" where none does.
"""

from __future__ import annotations

from typing import NamedTuple


class Quoted(NamedTuple):
    """A line, the cause that it shows, and a rule among its candidates."""

    line: str
    cause: str
    rule: str = ""


_R = 'client: 172.18.0.1, server: shop.example, request: "GET / HTTP/1.1"'
_F = f'{_R}, upstream: "fastcgi://127.0.0.1:9000", host: "shop.example"'
_H = f'{_R}, upstream: "http://10.0.0.2:8080/", host: "shop.example"'
_S = f'{_R}, upstream: "https://10.0.0.2:443/", host: "shop.example"'
_G = _R.replace("GET / HTTP/1.1", "POST /a.Service/Call HTTP/2.0")
_HEAD = "while reading response header from upstream"
_CONN = "while connecting to upstream"
_TLS = "while SSL handshaking to upstream"
_AT = "2025/03/06 16:42:49"

QUOTED = [
    # nobody listens, or elsewhere
    Quoted(f"{_AT} [error] 27#27: *10 connect() failed (111: Connection refused) {_CONN}, client: "
           '172.20.0.1, server: , request: "POST /api/v1/upload HTTP/1.1", upstream: '
           '"http://127.0.0.1:8100/api/v1/upload", host: "localhost:8081", referrer: '
           '"http://localhost:8080/input?page=3&content=a"', "refused", "loopback-in-container"),
    Quoted(f"{_AT} [error] 106#106: *11 connect() failed (111: Connection refused)\n{_CONN}, "
           'client: 172.18.0.1, server: localhost,\nrequest: "POST /api/chat HTTP/1.1", upstream: '
           '"http://172.17.0.1:3000/api/chat"', "refused", "bind-mismatch"),
    Quoted(f"{_AT} [error] 6528#0: *44 kevent() reported that connect() failed (61: Connection "
           f'refused) {_CONN}, {_R}, upstream: "http://10.7.18.211:3001/", host: "a"', "refused",
           "port-mismatch"),
    Quoted("[error] 94580#0: *18 kevent() reported that connect() failed (61: Connection refused) "
           f"{_CONN}, {_R}, upstream: \"<http://127.0.0.1:4200/>\", host: \"api.local", "refused",
           "port-mismatch"),
    Quoted(f"{_AT} [error] 51098#0: *5 kevent() reported that connect() failed (61: Connection "
           f'refused) {_CONN}, {_R}, upstream: "http://[::1]:9500/", host: "mem.example"',
           "refused-ipv6", "localhost-family"),
    Quoted("[error] 1676#0: *1 kevent() reported that connect() failed (61: Connection refused) "
           f"{_CONN}, {_F}", "refused", "socket-path-mismatch"),
    Quoted('connect() failed (61: Connection refused) while connecting to upstream, upstream: '
           '"http://127.0.0.1:5999/health"', "refused", "port-mismatch"),
    Quoted("kevent() reported that connect() failed (61: Connection refused) while connecting to "
           'upstream,\nclient: ..., server: quake.example, upstream: "http://127.0.0.1:8081/"',
           "refused"),
    Quoted(f"{_AT} [error] 58693#0: *1 connect() to unix:/Users/a.b/.config/valet/valet.sock "
           f"failed (61: Connection refused) {_CONN}, client: 127.0.0.1, server: , request: &#34;"
           "GET / HTTP/1.1&#34;, upstream: &#34;fastcgi://unix:/Users/a.b/.config/valet/valet.sock:"
           "&#34;, host: &#34;blog.test&#34;", "socket-refused"),
    Quoted(f"#{_AT} [error] 31160#0: *35 connect() failed (111: Connection refused) {_CONN}, "
           'client: xx.xx.xx.xx, server: domain.com, request: \\"GET /dev/ HTTP/1.1\\", upstream: '
           '\\"fastcgi://127.0.0.1:9000\\", host: \\"domain.com\\"', "refused"),
    Quoted(f"{_AT} [error] 2116#5580: *1 connect() failed (10061: No connection could be made "
           f"because the target machine actively refused it) {_CONN}, {_F}", "refused"),
    Quoted(f"connect() failed (113: Host is unreachable) {_CONN}, {_R}, upstream: "
           '"http://172.17.0.7:2368/feed/", host: "a.example"', "unreachable", "static-dns"),
    Quoted(f'{_AT} [error] 31#31: *1 connect() failed (113: No route to host) {_CONN}, client: '
           '10.10.0.1, server: , request: "GET / HTTP/1.1", upstream: "http://10.10.0.7:80/"',
           "unreachable"),
    Quoted(f'{_AT} [warn] 31#31: *1 upstream server temporarily disabled {_CONN}, client: '
           '10.10.0.1, server: , request: "GET / HTTP/1.1", upstream: "http://10.10.0.7:80/"',
           "server-disabled", "single-failure-ejection"),
    Quoted(f"2021/06/15 19:36:49 [crit] 3638#0: *25 connect() to 127.0.0.1:#PORT failed (13: "
           f'Permission denied) \n{_CONN}, client: ******, server: #URL, request: "GET / HTTP/1.1",'
           ' \nupstream: "http://127.0.0.1:#PORT/", host: "#URL"', "connect-denied"),
    Quoted("[crit] 51#51: *2067723 connect() to <auth-service-ip>:<port> failed (99: Address not "
           f"available) {_CONN}, client: <client-ip>, server: <your-server>, request: \"GET /path "
           'HTTP/2.0", subrequest: "/_external-auth", upstream: "http://<auth-service-ip>:<port>/"',
           "ports-exhausted", "keepalive-unused"),
    Quoted(f"connect() to 172.18.0.5:3000 failed (99: Address not available) {_CONN}",
           "ports-exhausted", "keepalive-unused"),
    Quoted(f"> [error] 2388#0: *208027 connect() to unix:/tmp/gunicorn.sock failed (11: Resource "
           f"temporarily unavailable) {_CONN}", "queue-full"),
    Quoted(f"connect() to unix:///home/xxx/xxx.sock failed (11: Resource temporarily unavailable) "
           f"{_CONN}", "queue-full"),
    Quoted(f"{_AT} [error] 1372#0: *877493 connect() to unix:/tmp/php.socket failed (11: Resource "
           f"temporarily unavailable) {_CONN}, client: xxx.xxx.xxx.xxx, server: domain.com, "
           'request: "GET /xml.php HTTP/1.1", upstream: "fastcgi://unix:/tmp/php.socket:"',
           "queue-full"),
    Quoted("[error] 1#1: *1 connect() to unix:/run/kvmd/api/kvmd.sock failed (2: No such file or "
           f'directory) {_CONN}, {_R}, subrequest: "/auth_check", upstream: '
           '"http://unix:/run/kvmd/api/kvmd.sock:/auth/check"', "no-such-socket",
           "socket-path-mismatch"),
    # who may be asked
    Quoted(f"[error] 1364#1364: *138 no live upstreams {_CONN}, client: 192.168.56.1, server: a, "
           'request: "HEAD / HTTP/1.1", upstream: "http://backends/"', "no-live-upstreams",
           "single-failure-ejection"),
    Quoted(f"2026-05-15T15:24:40.863274563Z [err]  2026/05/15 15:24:40 [error] 20#20: *6 no live "
           f'upstreams {_CONN}, client: 100.64.0.2, server: _, request: "GET /api HTTP/1.1", '
           'upstream: "http://localhost/user/self"', "no-live-upstreams", "localhost-family"),
    Quoted(f"20.1.2017 09:52:14nginx.1     | 2017/01/20 08:52:14 [error] 1717#1717: *99317 no live "
           f'upstreams {_CONN}, {_R}, upstream: "http://a.example/"', "no-live-upstreams"),
    Quoted(f"{_AT} [alert] 15384#12716: *9206 1024 worker_connections are not enough {_CONN}, \n"
           f'client: 127.0.0.1, server: 127.0.0.1, \nrequest: "GET /remote/ HTTP/1.0", \nupstream:'
           ' "http://127.0.0.1:80/remote/", host: "127.0.0.1"', "connections-used-up",
           "proxy-loop"),
    Quoted("> 768 worker_connections are not enough while connecting to upstream",
           "connections-used-up"),
    Quoted(f"{_AT} [alert] 7387#0: *6259768 socket() failed (24: Too many open files) {_CONN}, "
           f"{_H}", "out-of-files"),
    # names
    Quoted("127.0.01 could not be resolved (3: Host not found), client: ...,\nserver: a.example, "
           'request: "GET / HTTP/1.1"', "host-not-found"),
    Quoted(f"{_AT} [error] 44#44: *5078 posthog_cloud_region=us.i.posthog.com could not be resolved"
           f" (3: Host not found), {_R}", "host-not-found", "unknown-host"),
    Quoted("*5 monitoring could not be resolved (3: Host not found), client: 192.168.0.66, server: "
           "proxysolr", "host-not-found", "resolver-mismatch"),
    Quoted("YYYY/MM/DD hh:mm:ss [error] 216#216: *60 <service name> could not be resolved (3: Host "
           'not found), client: <client address>, server: <hostname>, request: "GET / HTTP/2.0"',
           "host-not-found", "resolver-mismatch"),
    Quoted("send() failed (111: Connection refused) while resolving, resolver: 127.0.0.11:53",
           "dns-unreachable", "resolver-mismatch"),
    Quoted("2023/07/24 07:39:18 [error] 53#53: recv() failed (111: Connection refused) while "
           "resolving, resolver: 127.0.0.11:53", "dns-unreachable"),
    Quoted("equipment-service could not be resolved (110: Operation timed out)", "dns-timed-out",
           "resolver-mismatch"),
    # TLS
    Quoted(f"{_AT} [error] 8#8: *3 SSL_do_handshake() failed (SSL: error:14094438:SSL routines:"
           f"ssl3_read_bytes:tlsv1 alert internal error:SSL alert number 80) {_TLS}, {_S}",
           "alert-internal-error", "sni-missing"),
    Quoted(f"{_AT} [error] 485#485: *6372 SSL_do_handshake() failed (SSL: error:14077410:SSL "
           f"routines:SSL23_GET_SERVER_HELLO:sslv3 alert handshake failure) {_TLS}, {_S}",
           "alert-handshake-failure", "sni-missing"),
    Quoted(f"nginx  | {_AT} [error] 31#31: *1 SSL_do_handshake() failed (SSL: error:14094412:SSL "
           "routines:ssl3_read_bytes:sslv3 alert bad certificate:SSL alert number 42) "
           f'{_TLS}, {_G}, upstream: "grpcs://192.168.48.3:50051", host: "0.0.0.0:8080"',
           "client-certificate-required", "client-certificate-missing"),
    Quoted(f"{_AT} [error] 15053#0: *8 SSL_do_handshake() failed (SSL: error:100AE081:elliptic "
           "curve routines:EC_GROUP_new_by_curve_name:unknown group error:1408D010:SSL routines:"
           f"SSL3_GET_KEY_EXCHANGE:EC lib) {_TLS}, {_S}", "tls-failed"),
    Quoted(f"nginx | {_AT} [error] 10#10: *12 SSL_do_handshake() failed \n(SSL: error:1408F10B:SSL "
           f"routines:ssl3_get_record:wrong version number) \n{_TLS}, client: 10.9.220.42\"",
           "not-tls", "tls-mismatch"),
    Quoted(f"*164817 peer closed connection in SSL handshake (104: Connection reset by peer) {_TLS}"
           ".", "handshake-closed"),
    Quoted('peer closed connection in SSL handshake ... upstream: "https://10.54.77.213:443/api"',
           "handshake-closed", "sni-missing"),
    Quoted('upstream SSL certificate does not match "es_tls_backends" while SSL handshaking to '
           'upstream, client: 127.0.0.1, server: 127.0.0.1:9210, upstream: "192.168.200.131:9243", '
           "bytes from/to client:0/0, bytes from/to upstream:0/0", "certificate-name-mismatch",
           "tls-name-mismatch"),
    Quoted(f"{_AT} [error] 1280#0: *20004 upstream SSL certificate verify error: (20:unable to get "
           f'local issuer certificate) {_TLS}, client: 192.168.194.1, server: kong, request: "GET '
           '/echo HTTP/1.1", upstream: "https://192.168.194.9:443/", host: "kong.example", '
           'request_id: "e2b3182856c96c23d61e880d0a28012f"', "certificate-not-verified"),
    Quoted(f"{_AT} [error] 1280#0: *45531 upstream SSL certificate verify error: (22:certificate "
           f"chain too long) {_TLS}, {_S}", "certificate-not-verified", "tls-verify-depth"),
    Quoted(f"upstream SSL certificate verify error: (2:unable to get issuer certificate) {_TLS}",
           "certificate-not-verified", "tls-verify-depth"),
    Quoted("upstream SSL certificate verify error: (18:self-signed certificate)",
           "certificate-not-verified"),
    Quoted("automate-cs-nginx.default(O): 2022/10/21 08:53:02 [error] 5742#0: *2490 upstream SSL "
           "certificate verify \nerror: (20:unable to get local issuer certificate) while SSL "
           "handshaking to upstream, client: 127.0.0.1, server: , \nrequest: \"POST /organizations "
           'HTTP/1.1", \nupstream: "https://<FQDN>:443/data-collector/v0/"',
           "certificate-not-verified", "tls-verify-depth"),
    # sending
    Quoted(f"{_AT} [error] 64#64: *1169 upstream timed out (110:Connection timed out) while sending"
           ' request to upstream, client: ip, server: a.example, request: "POST /upload HTTP/1.1",'
           ' upstream: "http://ip:5212/upload"', "send-timed-out"),
    Quoted(f"{_AT} [error] 18295#18295: *49847 writev() failed (32: Broken pipe) while sending "
           f"request to upstream, {_H}", "closed-while-sending"),
    Quoted(f"{_AT} [error] 22449#0: *1022232468 writev() failed (104: Connection reset by peer) "
           f'while sending request to upstream, {_H.replace("GET", "POST")}',
           "closed-while-sending", "request-body-limit"),
    Quoted(f"{_AT} [error] 20604#30660: *36 upstream timed out (10060: A connection attempt failed "
           "because the connected party did not properly respond after a period of time, or "
           "established connection failed because connected host has failed to respond) while "
           f'sending request to upstream, {_G}, upstream: "grpcs://127.0.0.1:5001"',
           "send-timed-out"),
    Quoted(f"{_AT} [info] 5605#0: *853576 epoll_wait() reported that client prematurely closed "
           "connection, so upstream connection is closed too while sending request to upstream, "
           f"{_H}", "client-gone"),
    Quoted(f"{_AT} [info] 70237#0: *5527 kevent() reported that client prematurely closed "
           f"connection, so upstream connection is closed too while sending request to upstream, "
           f"{_F}", "client-gone"),
    # the answer
    Quoted(f"{_AT} [error] 30#30: *36 readv() failed (104: Connection reset by peer) while reading "
           f"upstream, {_H}", "cut-in-body"),
    Quoted(f"{_AT} [error] 18#0: *34 upstream timed out (110: Connection timed out) while reading "
           f"upstream, {_H}", "body-timed-out", "read-timeout"),
    Quoted(f"{_AT} [error] 184#184: *94 upstream prematurely closed connection {_HEAD}, client: "
           'xx.XX.XX.XX , server: localhost, request: "POST /xmlrpc.php HTTP/1.1", upstream: '
           '"http://xxx.xxx.xx.xxx:8080/xmlrpc.php", host: "example.com"', "closed-early"),
    Quoted(f"{_AT} [error] 28739#0: *7 upstream prematurely closed connection {_HEAD}, client: "
           '127.0.0.1, server: localhost, request: "GET / HTTP/1.0", upstream:     '
           '"fastcgi://127.0.0.1:9000", host: "localhost"', "closed-early", "protocol-mismatch"),
    Quoted(f"2011-01-31T16:42:35-08:00 10.122.131.19 local5.crit nginx - face64.45038@a.example - "
           "2011/01/31 16:42:35 [error] 7850#0: *3802501751 upstream sent no valid HTTP/1.0 header "
           f"{_HEAD}, {_H}", "not-http", "protocol-mismatch"),
    Quoted(f"upstream rejected request with error 5 {_HEAD},\nclient: 127.0.0.1, server: cdn.xxx, "
           'request: "POST /<path>/0 HTTP/2.0",\nupstream: "grpc://127.0.0.1:8001"',
           "http2-rejected"),
    Quoted(f"{_AT} [error] 41615#41615: *16476145 upstream rejected request with error 0 {_HEAD},\n"
           ' client: 10.52.0.145, server: _, request: "POST /orderer.AtomicBroadcast/Deliver '
           'HTTP/2.0", upstream: "grpcs://10.52.0.145:7051"', "http2-rejected"),
    Quoted(f"{_AT} [error] 402#402: *98997 upstream sent invalid chunked response while reading "
           "upstream", "body-broken"),
    Quoted('upstream sent duplicate header line: "Transfer-Encoding: chunked",\nprevious value: '
           '"Transfer-Encoding: chunked"', "response-framing"),
    Quoted(f'{_AT} [error] 17#17: *3 upstream sent duplicate header line: "date: Fri, 01 May 2026 '
           '12:00:00 GMT", previous value: "date: Fri, 01 May 2026 12:00:00 GMT", ignored '
           f"{_HEAD}, {_H}", "header-ignored"),
    Quoted(f"[error] 13888#13888: *59205 upstream sent too big header {_HEAD}, client: 10.1.1.4, "
           'server: domain.com, request: "GET / HTTP/2.0", upstream: '
           '"fastcgi://unix:/run/php/php7.2-fpm.sock:"', "header-too-big",
           "buffer-directive-family"),
    Quoted(f"{_AT} [error] 21051#0: *6857 upstream timed out (110: Connection timed out) {_HEAD}, "
           f'{_R}, upstream: "http://unix:/var/opt/gitlab/gitlab-workhorse/sockets/socket/"',
           "response-timed-out", "read-timeout"),
    Quoted('2026-09-21 14:32:11 [error] 1234#0: *5678 upstream timed out (110: Connection timed '
           f"out) {_HEAD}, {_H}", "response-timed-out", "read-timeout"),
    Quoted(f'{_AT} [error] 47324#0: *51 FastCGI sent in stderr: "Primary script unknown" {_HEAD}, '
           f"{_F}", "script-not-found"),
    Quoted(f'{_AT} [error] 24165#0: *54 \nFastCGI sent in stderr: "Primary script unknown" {_HEAD},'
           ' \nclient: 127.0.0.1, server: localhost, request: "GET /index.php HTTP/1.1", \n'
           'upstream: "fastcgi://127.0.0.1:9001", host: "localhost"', "script-not-found"),
    Quoted(f'2026/06/20 00:00:37 [error] 1303#1303: *7660964 FastCGI sent in stderr: "PHP message: '
           f'PHP Notice: Undefined index..." {_HEAD}, {_F}', "application-stderr"),
    Quoted(f"{_AT} [warn] 21#21: *1 an upstream response is buffered to a temporary file "
           f"/var/cache/nginx/proxy_temp/2/00/0000000002 while reading upstream, {_H}",
           "buffered-to-file"),
    Quoted(f'{_AT} [crit] 14664#0: *48 open() "/var/lib/nginx/tmp/uwsgi/1/00/0000000001" failed '
           f'(13: Permission denied) while reading upstream, {_R}, upstream: '
           '"uwsgi://unix:///home/admin/venv2/sock:"', "temporary-file-failed"),
    # sessions and upgraded connections
    Quoted(f"{_AT} [error] 1888#1888: *798782 recv() failed (104: Connection reset by peer) while "
           "proxying and reading from upstream, client: 192.168.1.111, server: 0.0.0.0:443, "
           'upstream: "10.153.5.132:443", bytes from/to client:1054/3030, bytes from/to '
           "upstream:3030/1274", "session-reset", "protocol-mismatch"),
    Quoted(f"{_AT} [error] 31#31: *88213 upstream timed out (110: Connection timed out) while "
           'proxying upgraded connection, client: 10.2.0.14, server: a, request: "GET /ws?t=... '
           'HTTP/1.1", upstream: "http://10.4.1.23:8000/ws?t=..."', "session-idle", "read-timeout"),
    Quoted(f"{_AT} [error] 1113#1113: *395030 recv() failed (104: Connection reset by peer) while "
           f"proxying upgraded connection, {_H}", "session-reset"),
    # before and beside upstreams
    Quoted(f"{_AT} [error] 24#24: *2 auth request unexpected status: 504 while sending to client, "
           f"{_R}", "auth-request-failed"),
    Quoted('auth request unexpected status: 502', "auth-request-failed"),
    Quoted(f'{_AT} [error] 836#836: *32845027 broken header: "l    " while reading PROXY protocol, '
           "client: 10.0.113.10, server: 0.0.0.0:443", "front-proxy-header",
           "front-proxy-protocol"),
    Quoted(f'{_AT} [error] 21009#21009: *26474 broken header: "GET / HTTP/1.1\nHost: 127.0.0.1\n'
           'User-Agent: Go-http-client/1.1\nAccept-Encoding: gzip\n\n" while reading PROXY '
           "protocol, client: 127.0.0.1, server: 127.0.0.1:80", "front-proxy-header",
           "front-proxy-protocol"),
    Quoted(f"{_AT} [error] 1#1: *1 client intended to send too large body: 21000000 bytes, {_R}",
           "body-too-large", "request-body-limit"),
    # as they come from other programs, other systems, and with parts left out
    Quoted(f"{_AT} [info] 20521#0: *55077498 recv() failed (104: Connection reset by peer) while "
           'sending to client, client: 10.255.252.31, server: a.example, request: "POST /notify '
           'HTTP/1.1", upstream: "http:/10.4.36.207:8080/notify", host: "a.example"',
           "client-reset"),
    Quoted(f"{_AT} [info] 1549#1549: *259 writev() failed (32: Broken pipe) while sending to client"
           f', {_R}, upstream: "fastcgi://unix:/run/php-fpm.sock:"', "client-gone"),
    Quoted(f"{_AT} [crit] 23967#0: *82293762 pwritev() "
           '"/var/lib/nginx/tmp/proxy/2/32/0000543322" '
           f"failed (28: No space left on device) while reading upstream, {_H}",
           "temporary-file-failed"),
    Quoted(f"{_AT} [error] 13396#9788: *73 upstream timed out (10060: A connection attempt failed "
           "because the connected party did not properly respond after a period of time, or "
           "established connection failed because connected host has failed to respond) "
           f"{_CONN}, {_H}", "connect-timed-out"),
    Quoted("upstream timed out (10060: A connection attempt failed because the connected\n\nparty "
           "did not properly respond after a period of time,\n\nor established connection failed "
           "because connected host has failed to respond)\n\nwhile connecting to upstream, client: "
           '127.0.0.1, server: localhost, request: "\n\nGET /php.php HTTP/1.1"',
           "connect-timed-out"),
    Quoted(f"{_AT} [error] 7748#14664: *1 upstream timed out (10060: A connection attempt failed "
           "because the connected party did not properly respond after a period of time, or "
           "established connection failed because connected host has failed to respond) "
           f"{_HEAD}, {_F}", "response-timed-out", "read-timeout"),
    Quoted("upstream timed out (10060: A connection attempt failed...)\nwhile reading response "
           'header from upstream,\nclient: 127.0.0.1,\nrequest: "POST /login",\nupstream: '
           '"http://127.0.0.1:8081/login"', "response-timed-out"),
    Quoted(f"{_AT} [error] 81019#14893: *10 WSARecv() failed (10054: An existing connection was "
           f"forcibly closed by the remote host) {_HEAD}, {_F}", "reset-early"),
    Quoted("connect() failed (10061: No connection could be made...) while connecting to upstream",
           "refused"),
    Quoted(f"{_AT} [error] 12968#13008: *10904 WSARecv() failed (10054: FormatMessage() "
           f"error:(15105)) {_HEAD},\n\t\tclient: 127.0.0.1, server: , request: \"POST /_bulk "
           'HTTP/1.1", upstream: "http://127.0.0.1:3000/_bulk", host: "localhost:82"',
           "reset-early"),
    Quoted(f"{_AT} [error] 20274#149076: *57 no resolver defined to resolve b.example, {_R}",
           "no-resolver", "resolver-missing"),
    Quoted("* 8#38: *4 upstream sent too large http2 frame: 4740180 while reading response header "
           'from upstream,\n        client: 10.89.0.12, server: , request: "POST '
           '/trivy.rpc.v1.Cache/PutBlob HTTP/2.0", upstream: "grpc://127.0.0.1:10000"',
           "http2-answered-otherwise", "protocol-mismatch"),
    Quoted("0000/01/01 00:00:00 [error] 25460#25460: *36847278 upstream sent too large http2 "
           f'frame: 4740180 {_HEAD}, client: x.x.x.x, server: xxx, request: "GET / HTTP/1.1", '
           'upstream: "grpc://x.x.x.x:x", host: "xxx:x"', "http2-answered-otherwise",
           "protocol-mismatch"),
    Quoted("*2650 SSL_do_handshake() failed (SSL: error:0A000458:SSL routines::tlsv1 unrecognized "
           f"name:SSL alert number 112) {_TLS}", "alert-unrecognized-name", "sni-missing"),
    Quoted("502 Bad gateway: `SSL: error:14094458:SSL routines:ssl3_read_bytes:tlsv1 unrecognized "
           "name:SSL alert number 112`", "alert-unrecognized-name", "sni-missing"),
    Quoted("upstream prematurely closed FastCGI stdout while reading response header from upstream",
           "closed-early"),
    Quoted("2025-12-08T07:47:45.565219601Z 2025/12/08 07:47:45 [error] 3099#3099: *7756 upstream "
           f"prematurely closed connection while reading upstream, {_H}", "cut-in-body"),
    Quoted("Upstream prematurely closed connection while reading upstream...", "cut-in-body"),
    Quoted("11:41:25 [error] 39#39: *1371 upstream prematurely closed connection while reading "
           f"upstream, {_H}", "cut-in-body"),
    Quoted(f"{_AT} [error] 183#183: *22 upstream sent invalid header {_HEAD}, {_G}, upstream: "
           '"grpcs://172.17.0.6:50051", host: "grpc.example:443"', "invalid-header"),
    Quoted('rewrite or internal redirection cycle while internally redirecting to "/index.html"',
           "redirect-cycle"),
    Quoted("2016/02/17 13:32:39 [crit] 18951#0: *1 connect() to unix:/tmp/uwsgi.sock fai    led "
           "(13: Permission denied) while connecting to upstream, client: 127.0.0.1,     server: "
           '127.0.0.1, request: "GET /hello HTTP/1.1", upstream: "uwsgi://    '
           'unix:/tmp/uwsgi.sock:", host: "127.0.0.1"', "socket-permission"),
    Quoted("2016/10/16 01:05:45 [crit] 26651#0: *2 connect() to unix:///home/[user]/[site]/sock/"
           "[site].sock failed (13: Permission denied) while connecting to upstream, client: "
           '192.168.1.1, server: [site], request: "GET / HTTP/1.1", upstream: '
           '"uwsgi://unix:///home/[user]/[site]/sock/[site].sock:", host: "[site]"',
           "socket-permission", "socket-permission"),
    Quoted("nginx       | 2018/05/29 20:34:19 [error] 7#7: *4 connect() to unix:///code/example."
           "sock failed (111: Connection refused) while connecting to upstream, client: "
           '172.19.0.1, server: 127.0.0.1:8080, request: "GET / HTTP/1.1", upstream: '
           '"uwsgi://unix:///code/example.sock:", host: "127.0.0.1:8080"', "socket-refused"),
    Quoted("upstream prematurely closed connection while reading response header from upstream, "
           "client: 10.117.127.193, server: ,\nrequest: \"GET / HTTP/1.1\", upstream: "
           '"uwsgi://127.0.0.1:9090", host: "10.203.101.19"', "closed-early", "protocol-mismatch"),
    Quoted("2024-03-11T14:22:15+00:00 [error] 1422#1422: *89124 upstream prematurely closed "
           f'connection {_HEAD}, {_G}, upstream: "grpc://10.244.3.44:50051"', "closed-early"),
    Quoted(f"nginx  | {_AT} [error] 31#31: *1 upstream prematurely closed connection {_HEAD}, "
           f'{_G}, upstream: "grpc://192.168.48.3:50051", host: "0.0.0.0:8080"', "closed-early",
           "tls-mismatch"),
    Quoted(f"{_AT} [info] 2#0: *5 epoll_wait() reported that client prematurely closed connection, "
           f"so upstream connection is closed too (104: Connection reset by peer) while reading "
           f"upstream, {_H}", "client-gone"),
    Quoted(f'{_AT} [error] 8#8: *1 invalid host in upstream "http://:8080", {_R}',
           "invalid-address", "invalid-address"),
]  # fmt: skip
