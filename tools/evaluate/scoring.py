"""How many of the records of a run are read rightly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lint502.diagnosis.explaining import root_of
from lint502.diagnosis.facts import Facts
from lint502.diagnosis.grouping import Grouping, Key
from lint502.diagnosis.records import tally
from lint502.diagnosis.roots import Roots
from lint502.diagnosis.routes import Routes
from lint502.nginx.version import Version
from lint502.options import Options
from lint502.run import Result
from lint502.run import run as check
from tools.evaluate.cases import Expected
from tools.evaluate.site import Asked, Ran


@dataclass(slots=True)
class Score:
    """How often each part was ``right``, ``unknown`` or ``wrong``; ``said`` has what was not
    right, a line each."""

    causes: Counter[str] = field(default_factory=Counter)
    hops: Counter[str] = field(default_factory=Counter)
    roots: Counter[str] = field(default_factory=Counter)
    counts: Counter[tuple[str, int | None]] = field(default_factory=Counter)
    lost: int = 0
    said: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The figures."""
        for name in ("causes", "hops", "roots"):
            counted: Counter[str] = getattr(self, name)
            total = sum(counted.values()) or 1
            right = 100 * counted["right"] / total
            yield f"{name}: {right:.1f} % of {total}, {dict(sorted(counted.items()))}"
        yield f"lost: {self.lost}"


def checked(ran: Ran, version: Version) -> Result:
    """What ``lint502 check`` says of the configuration of a run."""
    options = Options(
        working_directory=ran.folder,
        roots=(str(ran.configuration),),
        specs=(ran.claims,),
        version=version,
        version_origin="option",
    )
    return check((options,), lambda: b"")


class Scoring:
    """Scores the records of a run, request by request."""

    def __init__(self, ran: Ran, result: Result) -> None:
        self._ran = ran
        self._grouping = Grouping(Routes(result), Facts(result))
        self._roots = Roots(result)
        self._lines = {hop.id: hop.place.line for hop in result.report.hops}
        self.score = Score()

    def all(self) -> Score:
        """The score of all requests."""
        part = self._ran.folder / "part.log"
        for one in self._ran.asked:
            part.write_bytes(one.log)
            self._one(one, part)
        part.unlink()
        return self.score

    def _one(self, asked: Asked, part: Path) -> None:
        reading = tally([str(part)], self._grouping)
        found = {key: count.count for key, count in reading.tallies.items()}
        records = (
            sum(found.values()) + reading.other + sum(u.count for u in reading.unread.values())
        )
        if records < asked.log.count(b"] ") and records < asked.log.count(b"\n"):
            self.score.lost += asked.log.count(b"\n") - records
        where = f"{asked.case} {asked.ask.path[:60]}"
        if asked.ask.status not in (None, asked.status):
            self.score.said.append(f"{where}: the client got {asked.status}")
        missing = set(asked.ask.expected)
        for key, count in found.items():
            line = None if key.place.hop is None else self._lines[key.place.hop]
            self.score.counts[key.cause.name, line] += count
            fitting = [one for one in asked.ask.expected if key.cause.name in one.causes]
            missing -= set(fitting)
            self._key(where, asked, key, count, fitting)
        if missing:
            wanted = [one.causes for one in missing]
            self.score.said.append(f"{where}: no record of {wanted}: {asked.log[:300]!r}")

    def _key(self, where: str, asked: Asked, key: Key, count: int, fitting: list[Expected]) -> None:
        score = self.score
        if not fitting:
            if not asked.ask.expected or key.cause.name == "session":
                return
            score.causes["wrong"] += count
            score.said.append(f"{where}: cause {key.cause.name}: {asked.log[:300]!r}")
            fitting = list(asked.ask.expected)
        else:
            score.causes["right"] += count
        hop = None if key.place.hop is None else self._lines[key.place.hop]
        placed = [one for one in fitting if self._is(asked, one, hop)]
        if placed:
            score.hops["right"] += count
        elif hop is None:
            score.hops["unknown"] += count
            score.said.append(f"{where}: hop unknown ({key.place.why}): {asked.log[-350:]!r}")
        else:
            score.hops["wrong"] += count
            score.said.append(f"{where}: WRONG hop, line {hop}: {asked.log[:400]!r}")
        wanted = {root for one in placed or fitting for root in one.roots if one.hop is not None}
        if wanted and key.cause.failure:
            self._root(where, key, count, wanted)

    def _is(self, asked: Asked, one: Expected, line: int | None) -> bool:
        if one.hop is None:
            return True
        case = asked.case.removesuffix("-hop")
        lines = self._ran.hops
        wanted = lines.get((asked.case, one.hop), lines.get((case, one.hop)))
        return line == wanted

    def _root(self, where: str, key: Key, count: int, wanted: set[str]) -> None:
        root = root_of(key, self._roots)
        if root is None:
            self.score.roots["unknown"] += count
            return
        rule = root.rule or ""
        if rule in wanted:
            self.score.roots["right"] += count
            return
        self.score.roots["wrong"] += count
        self.score.said.append(
            f"{where}: root {rule or 'nothing'}, not {sorted(wanted)} ({key.cause.name}): "
            f"{root.message[:160]}"
        )
