"""Where the directives of a whole ``http {}`` stand."""

from __future__ import annotations

from pathlib import Path

from lint502.nginx.lines import Lines, lines_in
from tests.support.sites import contexts, http, load


def lines(folder: Path, body: str, **files: str) -> Lines:
    named = {f"{name}.conf": text for name, text in files.items()}
    (area,) = contexts(load(folder, {"nginx.conf": http(body), **named}), "http")
    return lines_in(area)


def test_a_snippet_that_is_included_twice_has_its_lines_once(tmp_path: Path) -> None:
    body = """
        root /srv;
        server {
            location / { include snippet.conf; root /a; }
            location /b { include snippet.conf; }
        }
    """
    found = lines(tmp_path, body, snippet="proxy_set_header Host $host;")
    assert {name: sorted(line.args[0] for line in each) for name, each in found.of.items()} == {
        "root": ["/a", "/srv"],
        "proxy_set_header": ["Host"],
    }
    assert found.names == {"root", "proxy_set_header"}


def test_lines_of_tables_are_no_directives(tmp_path: Path) -> None:
    found = lines(tmp_path, "map $host $app { deny a; default b; } server { return 200; }")
    assert found.names == {"return"}


def test_what_is_not_seen_may_have_any_directive(tmp_path: Path) -> None:
    found = lines(tmp_path, "server { include ${SOMEWHERE}.conf; return 200; }")
    assert (list(found.of), found.names) == (["return"], None)
