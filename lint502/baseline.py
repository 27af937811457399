"""The baseline: findings that are known, so that only new ones count.

A file with one entry for each finding at each hop, by rule, hop and upstream: what moves to another
line stays known, and a hop that joins a known mistake is new.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lint502.findings import Finding
from lint502.reading import UnreadableError, decode, read_regular

_LARGEST = 64 * 1024**2
_VERSION = 1


class BaselineError(Exception):
    """The file is no baseline; ``str()`` says why and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A known finding at one hop, or in one file where it concerns no hop. ``where`` is for people:
    the hop's server, location and pass."""

    fingerprint: str
    rule: str
    where: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a file has: the entries, and the roots that they were found in."""

    roots: tuple[str, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """What is left of the findings, how many are known, and the entries that no longer occur."""

    new: tuple[Finding, ...]
    known: int
    gone: tuple[Entry, ...]


def entries(findings: Iterable[Finding], hops: Mapping[str, str]) -> Iterator[Entry]:
    """The entries of findings; ``hops`` are the words for each hop, by its id."""
    for finding in findings:
        for hop in finding.hops or (None,):
            where = finding.place.file if hop is None else hops.get(hop, hop)
            yield Entry(finding.fingerprint_at(hop), finding.rule, where)


def dumped(baseline: Baseline) -> str:
    """The file: sorted, so that a change of one finding changes one line."""
    rows = sorted((entry.where, entry.rule, entry.fingerprint) for entry in baseline.entries)
    lines = ",\n".join(
        "    " + json.dumps({"rule": rule, "where": where, "fingerprint": fingerprint})
        for where, rule, fingerprint in rows
    )
    body = f"[\n{lines}\n  ]" if lines else "[]"
    roots = json.dumps(sorted(baseline.roots))
    return f'{{\n  "schema_version": {_VERSION},\n  "roots": {roots},\n  "findings": {body}\n}}\n'


def read(path: str) -> Baseline:
    """What a file has. Raises :class:`BaselineError`."""
    try:
        data = json.loads(decode(read_regular(path, _LARGEST)))
    except UnreadableError as error:
        raise BaselineError(f"{error}; write it with --write-baseline") from None
    except (ValueError, RecursionError):
        raise BaselineError("is no JSON; write it anew with --write-baseline") from None
    if not isinstance(data, dict) or data.get("schema_version") != _VERSION:
        raise BaselineError(
            "is no baseline that this lint502 knows; write it anew with --write-baseline"
        )
    found, roots = data.get("findings"), data.get("roots", [])
    if (
        not isinstance(found, list)
        or not all(map(_is_entry, found))
        or not isinstance(roots, list)
        or not all(isinstance(root, str) for root in roots)
    ):
        raise BaselineError("is damaged; write it anew with --write-baseline")
    entries = (Entry(one["fingerprint"], one["rule"], one["where"]) for one in found)
    return Baseline(tuple(roots), tuple(entries))


def compare(findings: Iterable[Finding], known: Iterable[Entry]) -> Compared:
    """The findings without those at hops that are known."""
    known = tuple(known)
    left = Counter(entry.fingerprint for entry in known)
    new, count = [], 0
    for finding in findings:
        if not finding.hops:
            if _takes(left, finding.fingerprint):
                count += 1
            else:
                new.append(finding)
            continue
        at = finding.fingerprint_at
        fresh = tuple(hop for hop in finding.hops if not _takes(left, at(hop)))
        if fresh:
            new.append(replace(finding, hops=fresh))
        else:
            count += 1
    gone = []
    for entry in known:
        if left[entry.fingerprint] > 0:
            left[entry.fingerprint] -= 1
            gone.append(entry)
    return Compared(tuple(new), count, tuple(gone))


def _takes(left: Counter[str], fingerprint: str) -> bool:
    """Whether an entry is left, which then is used up."""
    if left[fingerprint] == 0:
        return False
    left[fingerprint] -= 1
    return True


def _is_entry(value: Any) -> bool:
    keys = ("fingerprint", "rule", "where")
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in keys)
