"""Measures ``lint502/behaviour/protocol_table.toml``: what each protocol gets from each server.

``python -m tools.measure.matrix`` writes the file; with ``--check`` it compares it with a fresh run
and prints what differs, of the servers that run in the version that was measured, or near it. It
needs the servers that ``scripts/ensure-servers`` and ``lint502[servers]`` install.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lint502.behaviour import protocol_table
from lint502.behaviour.protocol_table import Ending, Outcome, Protocols, Row
from lint502.lab.bench import Bench, LabError
from lint502.lab.binary import Nginx, described
from lint502.nginx.version import Version
from tools.measure import debian, servers
from tools.measure.matrix_cells import Cell, Cells
from tools.measure.matrix_text import shown, written
from tools.measure.servers import RealServer

FILE = Path(protocol_table.__file__).with_name(protocol_table.FILE)

_ROUNDS = 5
_MORE_ROUNDS = 20
"""How often each cell is measured for the file, and how often one that is not always the same."""

_QUICK_SECONDS = 30
"""Servers that give up later than that are not waited for again in a check."""

_LATE_SECONDS = 0.4
"""How late a server notices on average that its time is over."""

_SLACK_SECONDS = (2, 8)
"""How much sooner or later than measured a server may give up."""


_OPENSSL = "openssl"
_TLS = ("https", "h2")

_Found: TypeAlias = dict[tuple[str, str, str, str], dict[Version, tuple[Ending, ...]]]
"""By server, what it listens for, pass and method, and then by version of nginx."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell that gives something else than the file says."""

    cell: Cell
    expected: tuple[Ending, ...]
    found: Outcome
    seconds: float | None = None

    def __str__(self) -> str:
        cell = self.cell
        wanted = " or ".join(map(shown, self.expected)) or "nothing"
        found = f"{self.found.status} {self.found.log}".strip()
        if self.seconds is not None:
            found += f" after {self.seconds:.0f} s"
        return (
            f"{cell.method} by {cell.passed} from nginx {cell.nginx} to {cell.server} "
            f"{cell.variant}({cell.speaks}): {found}; the file says: {wanted}"
        )


@dataclass(frozen=True, slots=True)
class Lab:
    """The real servers, and every version of nginx before them."""

    servers: tuple[RealServer, ...]
    nginxes: tuple[Nginx, ...]
    cells: Cells

    def versions(self) -> dict[str, str]:
        """The versions of the servers, and of the OpenSSL that speaks TLS for some of them."""
        found = {server.name: server.version for server in self.servers}
        openssl = next((server.openssl for server in self.servers if server.openssl), None)
        if openssl is not None:
            found[_OPENSSL] = openssl
        return dict(sorted(found.items()))


@contextmanager
def lab() -> Iterator[Lab]:
    """Start it, and end it afterwards; raises :class:`LabError` where something is missing."""
    unpacked, missing = debian.available()
    if missing:
        raise LabError("; ".join(missing))
    nginxes = tuple(described(one.command, one.environment, one.modules) for one in unpacked)
    newest = max(nginxes, key=lambda nginx: nginx.version)
    with Bench() as bench:
        started = tuple(servers.start(bench, servers.families(newest)))
        yield Lab(started, nginxes, Cells(bench, nginxes, started))


def other_versions(running: Lab, data: Protocols) -> dict[str, str]:
    """What runs in another version than those that the file speaks for, in words, by name."""
    return {
        name: f"{name} {version}; {data.measured[name]} was measured"
        for name, version in running.versions().items()
        if name in data.measured and _line(name, version) != _line(name, data.measured[name])
    }


def _line(name: str, version: str) -> tuple[str, ...]:
    """The part of a version that those share which may be taken to do the same: 20 of Node 20.20.2,
    as in the pins of ``lint502[servers]``."""
    parts = version.split(".")
    return tuple(parts[: 2 if name == _OPENSSL or parts[0] == "0" else 1])


def compared(running: Lab, data: Protocols) -> list[Cell]:
    """The cells that the file speaks for."""
    others = other_versions(running, data)
    on_openssl = {server.name for server in running.servers if server.openssl}
    return [
        cell
        for cell in running.cells.all()
        if cell.server not in others
        if not (_OPENSSL in others and cell.server in on_openssl and cell.speaks in _TLS)
    ]


def differences(running: Lab, data: Protocols, tries: int = 4) -> list[Difference]:
    """Where a fresh run differs from the file; what differs is measured again some times. Servers
    in another version than the measured one are left out."""
    wanted = compared(running, data)
    found: dict[Cell, Difference] = {}
    for _ in range(tries):
        outcomes = running.cells.measure(wanted)
        found = {}
        for cell, outcome in outcomes.items():
            expected = endings(data, cell)
            if outcome not in {ending.outcome for ending in expected}:
                found[cell] = Difference(cell, expected, outcome)
        wanted = list(found)
        if not wanted:
            break
    return [*found.values(), *_impatience(running, data)]


def _impatience(running: Lab, data: Protocols) -> list[Difference]:
    """The servers that give up sooner or later, or otherwise, than the file says."""
    expected = {
        cell: stated[0]
        for cell in compared(running, data)
        if cell.method == "GET" and len(stated := endings(data, cell)) == 1
        if stated[0].seconds is not None and stated[0].seconds <= _QUICK_SECONDS
    }
    least, most = _SLACK_SECONDS
    found = []
    for cell, (outcome, seconds) in running.cells.wait_for(_newest(expected)).items():
        ending = expected[cell]
        assert ending.seconds is not None
        in_time = ending.seconds - least <= seconds <= ending.seconds + most
        if outcome != ending.later or not in_time:
            found.append(Difference(cell, (ending,), outcome, seconds))
    return found


def _newest(cells: Iterable[Cell]) -> list[Cell]:
    """Of cells that differ in the version of nginx only, the one with the newest."""
    newest: dict[tuple[str, str, str, str], Cell] = {}
    for cell in sorted(cells, key=lambda cell: cell.nginx):
        newest[cell.server, cell.speaks, cell.variant, cell.passed] = cell
    return list(newest.values())


def endings(data: Protocols, cell: Cell) -> tuple[Ending, ...]:
    """What the file says of a cell."""
    rows = data.rows.get(cell.server, {}).get(cell.speaks, {})
    names = (cell.passed, cell.passed.removesuffix("/1.0").removesuffix("/1.1"))
    keys = (*(f"{name} {cell.method}" for name in names), *names)
    row = next((rows[key] for key in keys if key in rows), None)
    return row.at(cell.nginx) if row is not None else ()


def measured(running: Lab, old: Protocols) -> Protocols:
    """The file's values from fresh runs.

    ``old`` gives the names of logs, and tells which cells were not always the same.
    """
    counts: dict[Cell, Counter[Outcome]] = {cell: Counter() for cell in running.cells.all()}
    _count(running, counts, counts, _ROUNDS)
    varying = {
        (cell.server, cell.speaks, cell.passed)
        for cell, found in counts.items()
        if len(found) > 1 or len(endings(old, cell)) > 1
    }
    more = [cell for cell in counts if (cell.server, cell.speaks, cell.passed) in varying]
    _count(running, counts, more, _MORE_ROUNDS)
    waiting = [
        cell
        for cell, found in counts.items()
        if cell.method == "GET" and _times_out(found.most_common(1)[0][0])
    ]
    return _protocols(running.versions(), old, counts, running.cells.wait_for(_newest(waiting)))


def _count(
    running: Lab, counts: dict[Cell, Counter[Outcome]], wanted: Iterable[Cell], rounds: int
) -> None:
    for _ in range(rounds):
        for cell, outcome in running.cells.measure(wanted).items():
            counts[cell][outcome] += 1


def _protocols(
    versions: Mapping[str, str],
    old: Protocols,
    counts: Mapping[Cell, Counter[Outcome]],
    waited: Mapping[Cell, tuple[Outcome, float]],
) -> Protocols:
    patience = {
        (cell.server, cell.speaks, cell.variant, cell.passed): found
        for cell, found in waited.items()
    }
    by_key: _Found = {}
    for cell in sorted(counts, key=lambda cell: (cell.variant, cell.nginx)):
        giving_up = patience.get((cell.server, cell.speaks, cell.variant, cell.passed))
        stated = endings(old, cell)
        found = tuple(_ending(outcome, giving_up, stated) for outcome in _usual(counts[cell]))
        by_version = by_key.setdefault((cell.server, cell.speaks, cell.passed, cell.method), {})
        by_version[cell.nginx] = _union(by_version.get(cell.nginx, ()), found)
    _merge_http_versions(by_key)
    rows: dict[str, dict[str, dict[str, Row]]] = {}
    for (server, speaks, passed, method), by_version in by_key.items():
        own = rows.setdefault(server, {}).setdefault(speaks, {})
        if method == "GET":
            own[passed] = _row(by_version)
    for (server, speaks, passed, method), by_version in by_key.items():
        own = rows[server][speaks]
        row = own.get(passed)
        if method != "GET" and any(
            row is None or not set(found) & set(row.at(version))
            for version, found in by_version.items()
        ):
            own[f"{passed} {method}"] = _row(by_version)
    return Protocols(versions, old.like, _named(old.logs, rows), rows)


def _usual(counts: Counter[Outcome]) -> list[Outcome]:
    """The outcomes that are no rare coincidence, the most frequent first."""
    most = max(counts.values())
    few = sum(counts.values()) // 10
    usual = [outcome for outcome, count in counts.items() if count == most or count > few]
    return sorted(usual, key=lambda outcome: (-counts[outcome], outcome))


def _ending(
    outcome: Outcome, giving_up: tuple[Outcome, float] | None, stated: Iterable[Ending]
) -> Ending:
    if giving_up is None or not _times_out(outcome):
        return Ending(outcome)
    later, seconds = giving_up
    if _times_out(later):
        return Ending(outcome)
    whole = round(seconds - _LATE_SECONDS)
    known = (ending.seconds for ending in stated if ending.later == later)
    near = (old for old in known if old is not None and abs(old - whole) <= 1)
    return Ending(outcome, next(near, whole), later)  # a second more or less is no news


def _times_out(outcome: Outcome) -> bool:
    return outcome.timed_out


def _row(by_version: Mapping[Version, tuple[Ending, ...]]) -> Row:
    """Neighbouring versions that may end alike are taken together."""
    groups: list[tuple[Version, tuple[Ending, ...]]] = []
    for version in sorted(by_version):
        found = by_version[version]
        if groups and set(groups[-1][1]) & set(found):
            groups[-1] = (groups[-1][0], _union(groups[-1][1], found))
        else:
            groups.append((version if groups else Version(0, 0, 0), found))
    return Row(tuple(groups))


def _merge_http_versions(found: _Found) -> None:
    """HTTP/1.0 and 1.1 are taken together, unless they end differently."""
    for key in list(found):
        server, speaks, passed, method = key
        if not passed.endswith("/1.0"):
            continue
        scheme = passed.partition("/")[0]
        one, other = found[key], found[server, speaks, f"{scheme}/1.1", method]
        if all(set(one[version]) & set(other[version]) for version in one):
            merged = {version: _union(one[version], other[version]) for version in one}
            found[server, speaks, scheme, method] = merged
            del found[key], found[server, speaks, f"{scheme}/1.1", method]


def _union(first: Sequence[Ending], second: Sequence[Ending]) -> tuple[Ending, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _named(
    names: Mapping[str, str], rows: Mapping[str, Mapping[str, Mapping[str, Row]]]
) -> dict[str, str]:
    """The log lines that occur, by name; a new one is called new-1, and has to be renamed."""
    texts = {
        outcome.log
        for endpoints in rows.values()
        for own in endpoints.values()
        for row in own.values()
        for _, found in row.by_version
        for ending in found
        for outcome in (ending.outcome, ending.later)
        if outcome is not None and outcome.log
    }
    named = {name: text for name, text in names.items() if text in texts}
    new = sorted(texts - set(named.values()))
    return named | {f"new-{number}": text for number, text in enumerate(new, 1)}


def main(argv: Sequence[str] | None = None) -> int:
    """Write the file, or compare it; 0, or 1 where something differs, or 2 where it cannot run."""
    parser = argparse.ArgumentParser(prog="python -m tools.measure.matrix", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say what differs")
    arguments = parser.parse_args(argv)
    try:
        with lab() as running:
            if arguments.check:
                for other in other_versions(running, protocol_table.load()).values():
                    print(f"not compared: {other}")
                found = differences(running, protocol_table.load())
                print("\n".join(map(str, found)) or "nothing differs")
                return 1 if found else 0
            data = measured(running, protocol_table.load())
            FILE.write_text(
                written(data, [nginx.version for nginx in running.nginxes]), encoding="utf-8"
            )
    except LabError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
