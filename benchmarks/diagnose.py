"""Error logs read: an ordinary one, in which one line in ten bears on upstreams, and one in which
every line does, as while something is down; beside lnav and GoAccess where they are installed.

    python benchmarks/diagnose.py [MB]

Each figure is the best of three: MB per second of CPU time, user and system, of a whole process
with all of its children, MB per second of the clock, and the largest memory of a process. lint502
groups by cause, upstream and hop of a configuration; lnav counts lines.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

MEGABYTE = 1_000_000
LINES_A_SECOND = 40
ROUNDS = 3
SITES = ("shop", "api", "www", "blog")

SITE = """
server {{
    listen 80;
    server_name {name}.example.com;
    location / {{ proxy_pass http://{name}; }}
    location /api/ {{ proxy_pass http://{name}; }}
    location /api/v1/users/ {{ proxy_pass http://{name}; proxy_read_timeout 5s; }}
    location ~ \\.js$ {{ proxy_pass http://{name}; }}
}}
upstream {name} {{ server 10.0.{number}.0:3000; server 10.0.{number}.1:3000; }}
"""

FAILURES = (
    "connect() failed (111: Connection refused) while connecting to upstream",
    "upstream timed out (110: Connection timed out) while reading response header from upstream",
    "upstream prematurely closed connection while reading response header from upstream",
    "recv() failed (104: Connection reset by peer) while reading response header from upstream",
    "no live upstreams while connecting to upstream",
)
GOACCESS = '%d %t [%^] %^: *%^ %^, client: %h, server: %v, request: "%r", %^'


def lines(size: int, share: float) -> Iterator[str]:
    """The lines of a log; the same ones each time."""
    chance = random.Random(502)
    at = datetime(2026, 7, 20, 8)
    paths = [f"/api/v1/users/{number}" for number in range(3000)]
    paths += [f"/static/app.{number:08x}.js" for number in range(300)]
    paths += ["/", "/login", "/cart", "/api/v1/search", "/api/v1/orders", "/healthz"] * 400
    chance.shuffle(paths)
    number = 0
    while size > 0:
        number += 1
        path = paths[int(len(paths) * chance.random() ** 3)]  # few are asked for often
        if path.startswith("/api/v1/s") or chance.random() < 0.1:
            path += f"?q={chance.randrange(1_000_000)}"
        client = f"203.0.{chance.randrange(256)}.{chance.randrange(256)}"
        which = chance.randrange(len(SITES))
        site = SITES[which]
        asked = f'client: {client}, server: {site}.example.com, request: "GET {path} HTTP/1.1"'
        end = f', host: "{site}.example.com"'
        if chance.random() < 0.4:
            end += f', referrer: "https://{site}.example.com{chance.choice(paths)}"'
        if chance.random() < share:
            address = f"http://10.0.{which}.{chance.randrange(2)}:3000"
            said = chance.choice(FAILURES)
            end = f', upstream: "{address}{path}"{end}'
        else:
            said = chance.choice(
                (
                    f'open() "/srv/www{path}" failed (2: No such file or directory)',
                    f'open() "/srv/www{path}" failed (2: No such file or directory)',
                    "access forbidden by rule",
                    f'limiting requests, excess: {chance.random():.3f} by zone "one"',
                )
            )
        worker = 30 + chance.randrange(4)
        stamp = (at + timedelta(seconds=number // LINES_A_SECOND)).strftime("%Y/%m/%d %H:%M:%S")
        line = f"{stamp} [error] {worker}#{worker}: *{number} {said}, {asked}{end}\n"
        size -= len(line)
        yield line


def measured(command: list[str], folder: str) -> tuple[float, float, int]:
    """CPU seconds, seconds of the clock, and kilobytes of memory of a command in a folder."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    clock = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode > 1:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, clock, used.ru_maxrss


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        for name, share in (("one in ten", 0.1), ("every line", 1.0)):
            log = Path(folder, "error.log")
            with log.open("w") as file:
                file.writelines(lines(size * MEGABYTE, share))
            root = Path(folder, "nginx.conf")
            sites = (SITE.format(name=name, number=at) for at, name in enumerate(SITES))
            root.write_text(f"events {{}}\nhttp {{\n{''.join(sites)}}}\n")
            commands = {
                f"lint502 --jobs {jobs}": [
                    *(sys.executable, "-m", "lint502", "diagnose", str(log)),
                    *("--root", str(root), "--jobs", jobs),
                ]
                for jobs in ("1", "2")
            }
            commands["lnav"] = ["lnav", "-n", "-c", ";SELECT count(*) FROM all_logs", str(log)]
            commands["goaccess"] = [
                *("goaccess", str(log), "--log-format", GOACCESS, "--date-format=%Y/%m/%d"),
                *("--time-format=%H:%M:%S", "-o", f"{folder}/report.json", "--no-progress"),
            ]
            for title, command in commands.items():
                if shutil.which(command[0]) is None:
                    print(f"{name}, {title}: is not installed")
                    continue
                runs = [measured(command, folder) for _ in range(ROUNDS)]
                cpu, clock, memory = map(min, zip(*runs, strict=True))
                print(
                    f"{name}, {title}: {size / cpu:.0f} MB/s, {size / clock:.0f} of the clock, "
                    f"{memory // 1000} MB"
                )


if __name__ == "__main__":
    main()
