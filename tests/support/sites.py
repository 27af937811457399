"""Little sites for tests: files from a dictionary, checked as a user's would be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lint502.findings import Finding
from lint502.nginx.files import Files
from lint502.nginx.hops import Hop, find_hops
from lint502.nginx.roots import RootLoader
from lint502.nginx.tree import Context, Tree
from lint502.nginx.upstreams import Block
from lint502.nginx.version import Version
from lint502.options import Options
from lint502.report_model import Report
from lint502.run import Result, run

OLD = "1.26.3"
"""Before 1.29.7: HTTP/1.0 to the upstream, "Connection: close", no pool by itself."""

NEW = "1.31.6"


class Found(NamedTuple):
    """What a test says of a finding; a line of ``nginx.conf`` unless it names another file."""

    line: int
    severity: str
    status: int | None
    frequency: str | None
    rule: str
    upstream: str | None
    file: str = "nginx.conf"


def found(finding: Finding) -> Found:
    return Found(
        finding.place.line,
        finding.severity.value,
        finding.status,
        finding.frequency,
        finding.rule,
        finding.upstream,
        finding.place.file,
    )


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def http(body: str) -> str:
    """A main file around the inside of ``http{}``; ``body`` starts with a line end, on line 1."""
    return f"events {{}} http {{{body}}}\n"


def stream(body: str) -> str:
    return f"events {{}} stream {{{body}}}\n"


def examine(options: Options, standard_input: Callable[[], bytes] = lambda: b"") -> Result:
    """What a run finds."""
    return run((options,), standard_input)


def check(
    folder: Path,
    files: Mapping[str, str | bytes],
    *roots: str,
    version: str = OLD,
    stdin: bytes = b"",
    **options: Any,
) -> Report:
    """The report on ``files``, written below ``folder``, the working directory."""
    write(folder, files)
    return examine(
        Options(
            working_directory=folder,
            roots=tuple(
                root if root == "-" else str(folder / root) for root in roots or ("nginx.conf",)
            ),
            version=Version.parse(version),
            version_origin="option",
            **options,
        ),
        lambda: stdin,
    ).report


def load(folder: Path, files: Mapping[str, str | bytes], root: str = "nginx.conf") -> Tree:
    """The tree of one root."""
    write(folder, files)
    return RootLoader(Files(folder), (), lambda: b"").load(str(folder / root))


def hops_of(
    folder: Path, nginx: str, *, files: Mapping[str, str | bytes] | None = None, version: str = OLD
) -> tuple[list[Hop], list[Block]]:
    """The hops and the blocks of a ``nginx.conf`` that has no problems."""
    tree = load(folder, {"nginx.conf": nginx, **(files or {})})
    assert tree.problems == ()
    return find_hops(tree, Version.parse(version), {})


def hop_of(
    folder: Path, nginx: str, *, files: Mapping[str, str | bytes] | None = None, version: str = OLD
) -> Hop:
    """The only hop."""
    (hop,), _ = hops_of(folder, nginx, files=files, version=version)
    return hop


def contexts(tree: Tree, *path: str) -> list[Context]:
    """The contexts below the main one that these names lead to."""
    found_here = [tree.main]
    for name in path:
        found_here = [
            child for context in found_here for child in context.children if child.name == name
        ]
    return found_here
