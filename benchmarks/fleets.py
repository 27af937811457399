"""The inputs: fleets of sites that also nginx takes, and repositories of one kind each."""

from __future__ import annotations

from pathlib import Path

ROOT = """pid nginx.pid;
events {}
http {
    include mime.types;
    client_body_temp_path temp/body;
    proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    server_names_hash_max_size 65536;
    server_names_hash_bucket_size 128;
    include conf.d/*.conf;
}
"""

SNIPPET = """proxy_set_header Host $host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header Connection "";
proxy_http_version 1.1;
proxy_read_timeout 30s;
"""

SITE = """upstream app{n} {{
    server 127.0.0.1:{port};
    keepalive 16;
    keepalive_timeout {idle};
}}
server {{
    listen 8080;
    server_name site{n}.example.com;
    access_log logs/site{n}.log;
    location / {{
        proxy_pass http://app{n};
        include snippets/proxy.conf;
    }}
    location /static/ {{ root /srv/site{n}; expires 1h; }}
    location ~ \\.php$ {{
        fastcgi_pass unix:/run/php/site{n}.sock;
        fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
        fastcgi_buffer_size 16k;
        fastcgi_buffers 8 16k;
    }}
}}
"""

SPEC = """[upstream.app{n}]
hosts = ["127.0.0.1"]
port = {port}
server = "node"
[upstream.php{n}]
socket = "/run/php/site{n}.sock"
server = "php-fpm"
"""

FRONT = """[front.edge]
kind = "aws-alb"
proxy_protocol = false
"""


def fleet(folder: Path, sites: int, idle: str = "4s") -> None:
    """A root that includes one file a site, with a shared snippet and a spec; each site has two
    hops. Node closes an idle connection after 5 s, nginx after ``idle``."""
    for name in ("conf.d", "logs", "snippets", "temp"):
        (folder / name).mkdir()
    (folder / "nginx.conf").write_text(ROOT)
    (folder / "mime.types").write_text("types { text/html html; text/css css; }\n")
    (folder / "snippets" / "proxy.conf").write_text(SNIPPET)
    spec = [FRONT]
    for n in range(sites):
        port = 10_000 + n
        text = SITE.format(n=n, port=port, idle=idle)
        (folder / "conf.d" / f"site{n:05}.conf").write_text(text)
        spec.append(SPEC.format(n=n, port=port))
    (folder / "upstreams.toml").write_text("\n".join(spec))


def to_fix(folder: Path) -> None:
    """100 sites, each with one finding that has a safe fix."""
    fleet(folder, 100, idle="60s")


def to_prove(folder: Path) -> None:
    """One finding: the port of the application is another one."""
    (folder / "nginx.conf").write_text(
        "events {}\nhttp { server { listen 8080; location / {\n"
        "    proxy_pass http://127.0.0.1:3001; } } }\n"
    )
    (folder / "upstreams.toml").write_text(
        '[upstream.app]\nhosts = ["127.0.0.1"]\nport = 3000\nserver = "node"\n'
    )


BUILT = (
    ("python:3.13-slim", '["gunicorn", "--bind", "0.0.0.0:{port}", "shop.wsgi"]'),
    ("python:3.13-slim", '["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "{port}"]'),
    ("node:22-alpine", '["npx", "next", "start", "-p", "{port}"]'),
)
PULLED = "hypercorn app:app --bind 0.0.0.0:{port}"


def composed(folder: Path, services: int = 20) -> None:
    """A repository with a Compose file: nginx before applications, two of three built from a
    Dockerfile; nothing is declared, so that everything is derived."""
    compose = [
        "services:\n  nginx:\n    image: nginx:1.26.3\n    ports: ['8080:80']\n    volumes:\n"
        "      - ./nginx/default.conf:/etc/nginx/conf.d/default.conf:ro\n"
    ]
    locations = []
    for n in range(1, services):
        port = 8000 + n
        locations.append(f"    location /app{n}/ {{ proxy_pass http://app{n}:{port}; }}\n")
        if n % 3 == 0:
            command = PULLED.format(port=port)
            compose.append(
                f"  app{n}:\n    image: registry.example/app{n}:4\n    command: {command}\n"
            )
            continue
        image, command = BUILT[n % len(BUILT)]
        (folder / f"app{n}").mkdir()
        (folder / f"app{n}" / "Dockerfile").write_text(
            f"FROM {image}\nWORKDIR /srv\nCOPY . .\nCMD {command.format(port=port)}\n"
        )
        compose.append(f"  app{n}:\n    build: app{n}\n")
    (folder / "compose.yaml").write_text("".join(compose))
    (folder / "nginx").mkdir()
    (folder / "nginx" / "default.conf").write_text(
        "server {\n    listen 80;\n    server_name shop.example;\n"
        "    proxy_set_header Host $host;\n" + "".join(locations) + "}\n"
    )
