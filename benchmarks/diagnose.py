"""Error logs read: an ordinary one, in which one line in ten bears on upstreams, and one in which
every line does, as while something is down; beside lnav and GoAccess where they are installed.

    python benchmarks/diagnose.py [MB]

Each figure is MB per second of CPU time, user and system, of a whole process with all of its
children, and its largest memory; of --jobs 2, MB per second of the clock.
"""

from __future__ import annotations

import random
import resource
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
SITES = ("shop", "api", "www", "blog")

READ = """
import sys
from functools import lru_cache
from lint502.diagnosis.causes import cause_of
from lint502.diagnosis.records import tally
from lint502.diagnosis.statements import Statement

@lru_cache(10_000)
def cause(level, message, upstream):
    return cause_of(Statement(level, message, upstream=upstream, request="GET / HTTP/1.1")).name

def classify(statement):
    if statement.upstream is None:
        return None
    upstream = "/".join(statement.upstream.split("/", 3)[:3])
    first = statement.request.partition("?")[0].split("/", 2)[1][:3]
    return cause(statement.level, statement.message, upstream), upstream, statement.server, first

found = tally([sys.argv[1]], classify, jobs=int(sys.argv[2]), queries=sys.argv[3] == "True")
print(sum(one.count for one in found.tallies.values()), len(found.tallies))
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


def measured(command: list[str]) -> tuple[float, float, int, str]:
    """CPU seconds, seconds of the clock, kilobytes of memory, and what a command says."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.perf_counter() - began, after.ru_maxrss, done.stdout.strip()


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        for name, share in (("one in ten", 0.1), ("every line", 1.0)):
            log = Path(folder, "error.log")
            with log.open("w") as file:
                file.writelines(lines(size * MEGABYTE, share))
            for jobs, queries in ((1, True), (1, False), (2, False)):
                command = [sys.executable, "-c", READ, str(log), str(jobs), str(queries)]
                cpu, clock, memory, said = measured(command)
                print(
                    f"{name}, lint502, jobs {jobs}, queries {queries}: {size / cpu:.0f} MB/s, "
                    f"{size / clock:.0f} of the clock, {memory // 1000} MB; {said}"
                )
            others = {
                "lnav": ["lnav", "-n", "-c", ";SELECT count(*) FROM all_logs", str(log)],
                "goaccess": [
                    *("goaccess", str(log), "--log-format", GOACCESS, "--date-format=%Y/%m/%d"),
                    *("--time-format=%H:%M:%S", "-o", f"{folder}/report.json", "--no-progress"),
                ],
            }
            for program, command in others.items():
                if shutil.which(program):
                    cpu, clock, memory, _ = measured(command)
                    print(f"{name}, {program}: {size / cpu:.0f} MB/s, {memory // 1000} MB")
                else:
                    print(f"{name}, {program}: is not installed")


if __name__ == "__main__":
    main()
