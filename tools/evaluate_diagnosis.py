"""How well ``lint502 diagnose`` reads what real nginx writes while its hops fail by design.

``python -m tools.evaluate_diagnosis [FOLDER [RELEASE…]]`` builds one configuration in which each
hop fails in its own way, with true claims, runs it on four versions of nginx, and prints how many
causes, hops and roots are right, and what is not. Everything is left in the folder: configuration,
claims, logs, and ``truth.json``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lint502.lab.binary import described
from tools.evaluate import (
    answering,
    configured,
    connecting,
    handshaking,
    rerouted,
    routed,
    sessions,
    speaking,
)
from tools.evaluate.scoring import Score, Scoring, checked
from tools.evaluate.site import Ran, fitting, run
from tools.measure.debian import RELEASES, unpacked

CASES = (
    *connecting.CASES,
    *handshaking.CASES,
    *speaking.CASES,
    *answering.CASES,
    *configured.CASES,
    *routed.CASES,
    *rerouted.CASES,
    *sessions.CASES,
)


def main(folder: Path, releases: Sequence[str], only: Sequence[str] = ()) -> None:
    """Run and score the cases on these releases."""
    for release in releases:
        package = unpacked(release)
        nginx = described(package.command, package.environment, package.modules)
        here = Path(tempfile.mkdtemp(dir=folder, prefix=f"{release}-"))
        cases = [one for one in fitting(CASES, nginx) if not only or one.name in only]
        ran = run(nginx, here, cases)
        _write_truth(ran)
        score = Scoring(ran, checked(ran, nginx.version)).all()
        print(f"nginx {nginx.version} ({release}), {len(ran.hops)} hops, in {here}")
        for line in (*score.said, *score.lines(), *_told(ran, str(nginx.version), score)):
            print(f"  {line}")


def _write_truth(ran: Ran) -> None:
    requests = [
        {
            "case": one.case,
            "path": one.ask.path,
            "status": one.status,
            "log": one.log.decode("utf-8", "backslashreplace"),
            "expected": [
                {"causes": e.causes, "roots": e.roots, "hop": e.hop} for e in one.ask.expected
            ],
        }
        for one in ran.asked
    ]
    hops = {f"{case}/{mark}": line for (case, mark), line in ran.hops.items()}
    text = json.dumps({"hops": hops, "requests": requests}, indent=1)
    (ran.folder / "truth.json").write_text(text, encoding="utf-8")


def _told(ran: Ran, version: str, score: Score) -> list[str]:
    """What the command says of the whole log, with and without the access log."""
    lines = []
    for more in ((), ("--access-log", str(ran.access_log))):
        done = subprocess.run(
            [sys.executable, "-m", "lint502", "diagnose", str(ran.error_log), "--format", "json",
             "--root", str(ran.configuration), "--specs", str(ran.claims),
             "--nginx-version", version, *more],
            capture_output=True, text=True, check=False, cwd=ran.folder, timeout=600,
        )  # fmt: skip
        if done.returncode not in (0, 1):
            lines.append(f"lint502 diagnose ended with {done.returncode}: {done.stderr[-500:]}")
            continue
        report = json.loads(done.stdout)
        counts = Counter[tuple[str, int | None]]()
        for group in report["groups"]:
            line = None if group["hop"] is None else group["hop"]["line"]
            counts[group["cause"], line] += group["count"]
        lines += [
            f"request by request, not in the whole log: {one}" for one in score.counts - counts
        ]
        lines += [
            f"in the whole log, not request by request: {one}" for one in counts - score.counts
        ]
        totals = report["totals"]
        records = len(ran.error_log.read_bytes().splitlines())
        lines.append(f"{totals} of {records} lines{' with the access log' if more else ''}")
    return lines


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="lint502-"))
    where.mkdir(parents=True, exist_ok=True)
    where.chmod(0o755)
    main(
        where,
        [one for one in sys.argv[2:] if one in RELEASES] or RELEASES,
        [one for one in sys.argv[2:] if one not in RELEASES],
    )
