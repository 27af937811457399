"""Placeholders that a script fills in."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.nginx.placeholders import placeholders
from tests.support.templates import hops, read


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "@PORT@ %%HOST%% %NAME% __API_HOST__ <PORT>",
            ["PORT", "HOST", "NAME", "API_HOST", "PORT"],
        ),
        ("http://@API@:@API_PORT@", ["API", "API_PORT"]),
        ("http://__A__:__B__/", ["A", "B"]),
        ("http://<API-HOST>:<PORT>", ["API-HOST", "PORT"]),
        ("@name@ @NAME %a% %E2%80%93 %AB% __name__ $__A__ ${__A__}", []),
        ("(?<NAME>a) (?P<NAME>a) \\k<NAME> <h1>X</h1> <H1>X</H1>", []),
        ("return 200 '<HTML>';", []),
        ("a@B.C @", []),
        ("{HOST}", []),
    ],
)
def test_what_is_one(text: str, names: list[str]) -> None:
    found = list(placeholders(text, dict.fromkeys(names, "x").get, braces=False))
    assert [piece.name for piece in found] == names
    assert all(piece.text == "x" for piece in found)
    left = list(placeholders(text, lambda _: None, braces=False))
    assert [piece.symbol is not None for piece in left] == [True] * len(names)


def test_a_default(tmp_path: Path) -> None:
    """The envsubst of nginx's image leaves it as it is, others do not: so it stays open."""
    text = "server { listen ${P:-80}; location / { proxy_pass http://${A:-a}:${B:?@C@}; } }"
    ((_, written, _, unknown),) = hops(read(tmp_path, text, values={"A": "b", "C": "d"}))
    assert (written, unknown) == (
        "http://${A:-a}:${B:?@C@}",
        "what ${A:-a} becomes is not known before the template is rendered",
    )


def test_braces(tmp_path: Path) -> None:
    """``{NAME}`` is one only where nginx would not read the file as it stands."""
    text = "server { location / { proxy_pass http://{HOST}:{PORT}; } }"
    ((_, written, _, unknown),) = hops(read(tmp_path, text))
    assert (written, (unknown or "")[:20]) == ("http://{HOST}:{PORT}", "{HOST} has no value;")
    values = {"HOST": "127.0.0.1", "PORT": "80"}
    ((_, _, targets, unknown),) = hops(read(tmp_path, text, values=values))
    assert (targets, unknown) == (["127.0.0.1:80"], None)
    genuine = read(tmp_path, 'server { location ~ "^/[a-z]{2}$" { return 200 "{NAME}"; } }')
    assert [note.message for note in genuine.notes] == ["a fragment, read as the contents of http"]
