"""What four versions of nginx answer to the blocks of each rule's page: ``docs/proofs.toml``.

``python -m tools.proofs`` runs the pages and writes the file anew (some minutes), or only what it
says of the rules that are named. The tests run the pages anyway, and compare.
"""

from __future__ import annotations

import contextlib
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import tomli

from lint502.evidence import Step, received
from lint502.lab.bench import LabError
from lint502.lab.binary import Nginx, described
from lint502.nginx.error_log import fits
from lint502.nginx.version import Version
from lint502.pages import Page, page
from lint502.rule_names import RULES
from tests.support.pages import all_steps, examined, example_steps
from tools.measure import debian

FILE = Path(__file__).parents[1] / "docs" / "proofs.toml"

_HEAD = """\
# What nginx answered to the blocks of each rule's page, as the tests run them: `example` is the
# broken configuration (which is not run where the page claims nothing that a client would see),
# `instead` the fixed one; `log` is the line of nginx's error log, up to ", client:".
#
# `python -m tools.proofs` writes this file; tests/lab/test_pages.py compares it with a fresh run.
"""
_WELL = ("200", "101")
_BY_OPENSSL = re.compile(r"\(SSL: [^)]*\)")


@dataclass(frozen=True, slots=True)
class Answers:
    """What clients got, each answer once, such as ``("200", "502")``; and the line of the error
    log that the page names, "" where there is none."""

    got: tuple[str, ...]
    log: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a version of nginx answered to the blocks of a page; ``example`` is None where they are
    not run."""

    example: Answers | None
    instead: Answers


@dataclass(frozen=True, slots=True)
class Proofs:
    """The file: the versions of nginx, and by rule what each of them answered."""

    versions: tuple[Version, ...]
    of: Mapping[str, tuple[Proof, ...]]

    def get(self, rule: str, version: Version) -> Proof | None:
        """What a version of the same branch answered; None where none was run."""
        branches = [one[:2] for one in self.versions]
        if version[:2] not in branches or rule not in self.of:
            return None
        return self.of[rule][branches.index(version[:2])]


def answers(steps: Iterable[Step], log: str | None = None) -> Answers:
    """What came of requests, without those that only prepare others or are to fail."""
    steps = list(steps)
    got = {received(step) for step in steps if not step.opening and not step.cause}
    lines = [line for step in steps for line in step.log]
    said = next((line for line in lines if log is not None and fits(log, line)), "")
    return Answers(tuple(sorted(got)), said)


def alike(found: Answers, written: Answers | None) -> bool:
    """Whether two runs show the same. Whether all requests meet a moment differs from run to run,
    and the words of OpenSSL from one version of it to the next."""
    if written is None:
        return False
    (wrong, log), (stated, written_log) = map(_compared, (found, written))
    return (wrong, log) == (stated, written_log) and (bool(wrong) or found.got == written.got)


def _compared(answers: Answers) -> tuple[set[str], str]:
    return set(answers.got).difference(_WELL), _BY_OPENSSL.sub("(SSL)", answers.log)


def proof(shown: Page, nginx: Nginx, tries: int = 3) -> Proof:
    """Run the blocks of a page; again where the machine lacked something, such as a free port."""
    for _ in range(tries - 1):
        with contextlib.suppress(LabError):
            return _proof(shown, nginx)
    return _proof(shown, nginx)


def _proof(shown: Page, nginx: Nginx) -> Proof:
    with tempfile.TemporaryDirectory(prefix="lint502-") as name:
        folder = Path(name)
        example = _example(shown, nginx, folder)
        return Proof(example, answers(all_steps(shown, "Instead", nginx, folder)))


def _example(shown: Page, nginx: Nginx, folder: Path) -> Answers | None:
    if shown.status is None:
        return None
    if not shown.holds_in(nginx.version):
        return answers(all_steps(shown, "Example", nginx, folder))
    found = examined(shown, "Example", nginx, folder)
    findings = [finding for finding in found.report.findings if finding.rule == shown.name]
    steps = [
        step for finding in findings for step in example_steps(finding, shown, found, nginx, folder)
    ]
    return answers(steps, shown.log)


def load() -> Proofs:
    """The file as it is checked in."""
    data = tomli.loads(FILE.read_text(encoding="utf-8"))
    versions = tuple(Version.parse(version) for version in data.pop("versions"))
    return Proofs(versions, {rule: tuple(map(_parsed, rows)) for rule, rows in data.items()})


def _parsed(row: Mapping[str, list[str] | str]) -> Proof:
    example = Answers(tuple(row["example"]), str(row.get("log", ""))) if "example" in row else None
    return Proof(example, Answers(tuple(row["instead"])))


def written(proofs: Proofs) -> str:
    """The text of the file."""
    versions = ", ".join(f'"{version}"' for version in proofs.versions)
    lines = [_HEAD, f"versions = [{versions}]"]
    for rule in RULES:
        lines += ("", f"{rule} = [")
        for version, row in zip(proofs.versions, proofs.of[rule], strict=True):
            lines.append(f"    {{ {_row(row)} }},  # {version}")
        lines.append("]")
    return "\n".join(lines) + "\n"


def _row(row: Proof) -> str:
    parts = []
    if row.example is not None:
        parts.append(f"example = {_list(row.example.got)}")
        if row.example.log:
            parts.append(f"log = {_quoted(row.example.log)}")
    return ", ".join((*parts, f"instead = {_list(row.instead.got)}"))


def _list(got: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, got))}]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def main(rules: Sequence[str]) -> int:
    """Run the pages of these rules, or of all, and write the file."""
    unpacked, missing = debian.available()
    if missing:
        print("; ".join(missing), file=sys.stderr)
        return 2
    nginxes = [described(one.command, one.environment, one.modules) for one in unpacked]
    known = dict(load().of) if rules else {}
    with ThreadPoolExecutor(4) as pool:  # most of it is waiting
        for rule in rules or RULES:
            shown = page(rule)
            known[rule] = tuple(pool.map(lambda nginx: proof(shown, nginx), nginxes))  # noqa: B023
            print(rule, file=sys.stderr)
    versions = tuple(nginx.version for nginx in nginxes)
    FILE.write_text(written(Proofs(versions, known)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
