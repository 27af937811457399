"""Start-up, a small site, 1,000 sites with 2,000 hops beside crossplane.parse alone, and 1,000
tenants: as many servers that each pass to a map of all of them.

    make bench

Each figure is the median of several whole processes, in seconds.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLE = Path(__file__).resolve().parent.parent / "sample_configs" / "node-api" / "mended"
SITES = 1_000
STATED = "1.31.4"

ROOT = """events {}
http {
    include mime.types;
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
    keepalive_timeout 4s;
}}
server {{
    listen 80;
    server_name site{n}.example.com;
    access_log /var/log/nginx/site{n}.log;
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

TENANTS = "events {{}}\nhttp {{\nmap $cookie_tenant $app {{\n{entries}}}\n{servers}}}\n"
TENANT = "server {{ server_name site{n}.example.com; location / {{ proxy_pass http://$app; }} }}\n"

CROSSPLANE = (
    "import crossplane, sys; crossplane.parse(sys.argv[1], check_ctx=False, check_args=False)"
)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        big = Path(folder)
        write_sites(big)
        lint502 = [sys.executable, "-m", "lint502"]
        root = str(big / "nginx.conf")
        rows = [
            ("lint502 --version", [*lint502, "--version"]),
            ("lint502 check, a small site", [*lint502, "check", str(SAMPLE)]),
            (f"lint502 check, {SITES} sites", [*lint502, "check", root]),
            ("the same, version stated", [*lint502, "check", root, "--nginx-version", STATED]),
            (f"lint502 check, {SITES} tenants", [*lint502, "check", str(big / "tenants.conf")]),
            (f"crossplane.parse, {SITES} sites", [sys.executable, "-c", CROSSPLANE, root]),
        ]
        for label, command in rows:
            print(f"{label:34}{median_seconds(command):8.3f} s", flush=True)


def write_sites(folder: Path) -> None:
    """A root that includes one file a site, with a shared snippet and a spec."""
    entries = "".join(f"    tenant{n} 127.0.0.1:{10_000 + n};\n" for n in range(SITES))
    servers = "".join(TENANT.format(n=n) for n in range(SITES))
    (folder / "tenants.conf").write_text(TENANTS.format(entries=entries, servers=servers))
    (folder / "conf.d").mkdir()
    (folder / "snippets").mkdir()
    (folder / "nginx.conf").write_text(ROOT)
    (folder / "snippets" / "proxy.conf").write_text(SNIPPET)
    spec = [FRONT]
    for n in range(SITES):
        port = 10_000 + n
        (folder / "conf.d" / f"site{n:04}.conf").write_text(SITE.format(n=n, port=port))
        spec.append(SPEC.format(n=n, port=port))
    (folder / "upstreams.toml").write_text("\n".join(spec))


def median_seconds(command: list[str], runs: int = 7) -> float:
    """The median of ``runs`` whole processes, after one that is not counted."""
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


if __name__ == "__main__":
    main()
