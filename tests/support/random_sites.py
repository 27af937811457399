"""Sites in which much disagrees, at random, for a fixed number each."""

from __future__ import annotations

from random import Random

_PASSES = ("proxy", "proxy", "proxy", "proxy", "fastcgi", "uwsgi", "grpc", "scgi")
_SCHEMES = {
    "proxy": ("http://", "http://", "https://"),
    "grpc": ("", "grpc://", "grpcs://"),
    "uwsgi": ("", "uwsgi://"),
}
_OF_PROXY = (
    ("proxy_http_version 1.0;", "proxy_http_version 1.1;"),
    ("proxy_set_header Connection close;", 'proxy_set_header Connection "";'),
    ("proxy_set_header Host $host;",),
    ("proxy_ssl_server_name on;", "proxy_ssl_server_name off;"),
    ("proxy_ssl_name x.example;",),
    ("proxy_ssl_protocols TLSv1 TLSv1.1;", "proxy_ssl_protocols TLSv1.3;"),
    ("proxy_ssl_verify_depth 2;",),
)
_OF_ANY = (
    ("{}_read_timeout 10s;", "{}_read_timeout 0;", "{}_read_timeout 300s;"),
    ("{}_connect_timeout 0;", "{}_connect_timeout 3s;"),
    ("{}_next_upstream off;", "{}_next_upstream timeout;", "{}_next_upstream error http_502;"),
    ("{}_next_upstream_tries 1;",),
    ("{}_buffer_size 8k;",),
    ("client_max_body_size 50m;",),
)
_NOT_OF_GRPC = (
    ("{}_buffers 4 8k;", "{}_buffers 16 8k;"),
    ("{}_busy_buffers_size 16k;",),
)
_LIMITS = (
    'limits = {{ response_headers = "{}", request_body = "1m" }}',
    'limits = {{ response_headers = "{}" }}',
)
_FACTS = (
    'timeouts = { request = "20s", response = "80s" }',
    'timeouts = { response = "30s" }',
    'keepalive = { idle_timeout = "5s" }',
    'keepalive = { idle_timeout = "1500ms" }',
    "keepalive = false",
    "dynamic_address = true",
    'bind = ["127.0.0.1"]',
    "tls = true",
    "tls = false",
    'tls = { sni = "required", names = ["web.example"], versions = ["TLSv1.2"] }',
    'tls = { names = ["y.example"], client_certificate = "required" }',
)


def random_site(number: int) -> tuple[str, str]:
    """The inside of ``http {}``, one directive a line, and an ``upstreams.toml``."""
    random = Random(number)
    blocks, spec = "", ""
    passes = []
    for index in range(3):
        kind = random.choice(_PASSES)
        hosts = (f"10.0.{index}.1", f"10.0.{index}.2")
        spec += "".join(_upstream(random, f"u{host}", host, kind) for host in hosts)
        port = random.choice((3000, 3000, 3001))
        if random.random() < 0.7:
            blocks += f"upstream b{index} {{\n{_servers(random, hosts, port)}}}\n"
            passes.append((kind, f"b{index}"))
        else:
            passes.append((kind, f"{hosts[0]}:{port}"))
    body = blocks + _settings(random, "proxy", 0.08)
    for server in range(random.choice((1, 2))):
        body += f"server {{\nlisten unix:{server}.sock;\nserver_name s{server};\n"
        body += _settings(random, "proxy", 0.06)
        for index, (kind, to) in enumerate(passes):
            scheme = random.choice(_SCHEMES.get(kind, ("",)))
            body += (
                f"location /{index}/ {{\n{_settings(random, kind, 0.15)}"
                f"{kind}_pass {scheme}{to};\n}}\n"
            )
        body += "}\n"
    return f"\n{body}", spec


def _upstream(random: Random, name: str, host: str, kind: str) -> str:
    own = "http" if kind == "proxy" else kind
    protocol = own if random.random() < 0.85 else random.choice(("http", "grpc", "fastcgi"))
    lines = [f'hosts = ["{host}"]', "port = 3000", f'protocol = "{protocol}"']
    if random.random() < 0.3:
        lines.append(random.choice(_LIMITS).format(random.choice(("6k", "20k", "50k"))))
    keys = {line.partition(" ")[0] for line in lines}
    for fact in random.sample(_FACTS, 3):
        if fact.partition(" ")[0] not in keys:
            keys.add(fact.partition(" ")[0])
            lines.append(fact)
    return f'[upstream."{name}"]\n' + "".join(f"{line}\n" for line in lines)


def _servers(random: Random, hosts: tuple[str, str], port: int) -> str:
    more = random.choice(("", " max_fails=1", " weight=2"))
    lines = [f"server {hosts[0]}:{port}{more};"]
    if random.random() < 0.5:
        lines.append(f"server {hosts[1]}:3000;")
    lines += (
        line
        for line in ("keepalive 8;", "keepalive_timeout 30s;", "keepalive_requests 50;")
        if random.random() < 0.4
    )
    if random.random() < 0.2:
        lines.insert(random.choice((0, len(lines))), "least_conn;")
    return "".join(f"{line}\n" for line in lines)


def _settings(random: Random, kind: str, often: float) -> str:
    choices = [*_OF_ANY, *(_OF_PROXY if kind == "proxy" else ())]
    choices += _NOT_OF_GRPC if kind != "grpc" else ()
    other = random.choice(("proxy", "fastcgi", "uwsgi"))
    lines = [random.choice(each) for each in choices if random.random() < often]
    text = "".join(f"{line.format(kind)}\n" for line in lines)
    if other != kind and random.random() < often / 2:
        text += f"{other}_buffers 8 16k;\n{other}_buffer_size 16k;\n"
    return text
