"""Edits of texts, and which fixes a second look bears out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lint502 import fixing
from lint502.edits.apply import MisplacedEditError, edited, overlap
from lint502.findings import Edit
from lint502.fixing import Fixed, fix
from lint502.fixing.judging import Objection
from lint502.nginx.version import Version
from lint502.options import Options
from lint502.run import Result
from tests.support.real_nginx import HTTP, MAIN, check_all
from tests.support.sites import NEW, OLD, examine, http, write

API = '[upstream.api]\nhosts = ["127.0.0.1"]\nport = 3000\n'


def edit(line: int, column: int, end_column: int, text: str) -> Edit:
    return Edit("nginx.conf", line, column, end_column, text)


@pytest.mark.parametrize(
    ("text", "edits", "result"),
    [
        ("a b c\n", [edit(1, 3, 4, "x")], "a x c\n"),
        ("a\r\n\tb;\r\n", [edit(2, 2, 3, "cd")], "a\r\n\tcd;\r\n"),
        ("a\n  b;\n", [edit(2, 3, 3, "c;\n  ")], "a\n  c;\n  b;\n"),
        ("ü ö\n", [edit(1, 3, 4, "o")], "ü o\n"),
        ("\udcff b", [edit(1, 3, 4, "c")], "\udcff c"),
        ("a b c", [edit(1, 5, 6, "z"), edit(1, 1, 2, "x"), edit(1, 1, 2, "x")], "x b z"),
        ("ab", [edit(1, 2, 2, "-"), edit(1, 1, 2, "x"), edit(1, 2, 3, "y")], "x-y"),
        ("a\n  b;\nc\n", [edit(2, 1, 5, "")], "a\nc\n"),
        ("a\r\nb;\r\nc", [edit(2, 1, 3, "")], "a\r\nc"),
        ("a\nb;", [edit(2, 1, 3, "")], "a\n"),
        ("a\n\nb", [edit(2, 1, 1, "")], "a\n\nb"),
        ("a\n", [edit(2, 1, 1, "b")], "a\nb"),
    ],
)
def test_edits(text: str, edits: list[Edit], result: str) -> None:
    assert edited(text, edits) == result


@pytest.mark.parametrize(
    "edits",
    [
        [edit(3, 1, 1, "x")],
        [edit(0, 1, 1, "x")],
        [edit(1, 3, 6, "x")],
        [edit(1, 5, 5, "x")],
        [edit(1, 2, 1, "x")],
        [edit(1, 0, 1, "x")],
        [edit(1, 1, 3, "x"), edit(1, 2, 4, "y")],
        [edit(1, 2, 2, "x"), edit(1, 2, 2, "y")],
    ],
)
def test_edits_that_have_no_place(edits: list[Edit]) -> None:
    with pytest.raises(MisplacedEditError):
        edited("abc\r\nb", edits)


LINES = st.text(st.sampled_from("ab \t;\"'ü\udcff\u2028\x0b\r"), max_size=8)


@st.composite
def texts_with_edits(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    lines = draw(st.lists(LINES, min_size=1, max_size=5))
    found: list[Edit] = []
    for _ in range(draw(st.integers(0, 6))):
        number = draw(st.integers(1, len(lines)))
        length = len(lines[number - 1].removesuffix("\r"))
        start = draw(st.integers(1, length + 1))
        end = draw(st.integers(start, length + 1))
        one = edit(number, start, end, draw(st.text("xyz\n", min_size=1, max_size=3)))
        if not any(overlap(one, other) for other in found if other != one):
            found.append(one)
    return "\n".join(lines), found


@given(texts_with_edits())
def test_everything_else_stays(made: tuple[str, list[Edit]]) -> None:
    """One edit after the other, from the end, gives the same; so does no edit at all."""
    text, edits = made
    assert edited(text, ()) == text
    one_by_one = text
    for one in sorted(set(edits), key=lambda one: (one.line, one.column, one.end_column))[::-1]:
        before = one_by_one.split("\n")
        line = before[one.line - 1]
        before[one.line - 1] = line[: one.column - 1] + one.text + line[one.end_column - 1 :]
        one_by_one = "\n".join(before)
    assert edited(text, edits) == one_by_one
    encoded = edited(text, edits).encode("utf-8", "surrogateescape")
    assert encoded.decode("utf-8", "surrogateescape") == edited(text, edits)


def mended(
    folder: Path,
    files: Mapping[str, str | bytes],
    *,
    version: str = OLD,
    unsafe: bool = False,
    roots: tuple[str, ...] = ("nginx.conf",),
) -> tuple[Fixed, dict[str, str], list[str]]:
    """What comes of it; the files that change, by name; the rules that are left then."""
    write(folder, files)
    options = Options(folder, roots, version=Version.parse(version))
    first = examine(options, lambda: b"")

    def check(overlay: Mapping[str, str]) -> Result:
        return examine(replace(options, overlay=overlay), lambda: b"")

    result = fix(first, check, unsafe=unsafe)
    after = check(result.texts).report
    assert after.problems == ()
    names = {str(Path(path).relative_to(folder)): text for path, text in result.texts.items()}
    return result, names, [finding.rule for finding in after.findings]


def one_file(
    folder: Path, body: str, spec: str = API, *, version: str = OLD, unsafe: bool = False
) -> tuple[str | None, list[str]]:
    """The inside of ``http {}`` as it is then, None where nothing changes, and what is left."""
    files = {"nginx.conf": http(body), "upstreams.toml": spec}
    _, texts, left = mended(folder, files, version=version, unsafe=unsafe)
    text = texts.get("nginx.conf")
    return (None if text is None else text[len("events {} http {") : -len("}\n")]), left


SERVER = "\nserver { location / { proxy_pass http://127.0.0.1:3001; } }\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SERVER, SERVER.replace("3001", "3000")),
        (SERVER.replace("\n", "\r\n"), SERVER.replace("3001", "3000").replace("\n", "\r\n")),
        (
            '\n\tserver { location / {\n\t\tproxy_pass\t"http://127.0.0.1:3001/"; # ü\n} }\n',
            '\n\tserver { location / {\n\t\tproxy_pass\t"http://127.0.0.1:3000/"; # ü\n} }\n',
        ),
        (
            "\nserver { location /a { proxy_pass http://127.0.0.1:1; } "
            "location /b { proxy_pass http://127.0.0.1:2; } }\n",
            "\nserver { location /a { proxy_pass http://127.0.0.1:3000; } "
            "location /b { proxy_pass http://127.0.0.1:3000; } }\n",
        ),
    ],
)
def test_only_the_culprit_changes(before: str, after: str, tmp_path: Path) -> None:
    assert one_file(tmp_path, before, f"complete = true\n{API}") == (after, [])


IDLE = (
    '[upstream.api]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "http"\n'
    'keepalive = { idle_timeout = "5s" }\n'
)
KEPT = 'proxy_http_version 1.1; proxy_set_header Connection "";'


@pytest.mark.parametrize(
    ("before", "after", "version"),
    [
        ("    keepalive 8;\n", "    keepalive_timeout 4s;\n    keepalive 8;\n", OLD),
        ("    keepalive 8; # ours\n", "    keepalive_timeout 4s;\n    keepalive 8; # ours\n", OLD),
        ("\tkeepalive 8;\r\n", "\tkeepalive_timeout 4s;\r\n\tkeepalive 8;\r\n", OLD),
        ("keepalive 8; keepalive_timeout 60s;", "keepalive 8; keepalive_timeout 4s;", OLD),
        ("zone a 64k; keepalive 8;", "zone a 64k; keepalive_timeout 4s; keepalive 8;", NEW),
    ],
)
def test_a_line_is_set_in(before: str, after: str, version: str, tmp_path: Path) -> None:
    body = (
        "\nupstream u { server 10.0.0.1:3000;\n%s}\n"
        f"server {{ location / {{ {KEPT} proxy_pass http://u; }} }}\n"
    )
    assert one_file(tmp_path, body % before, IDLE, version=version) == (body % after, [])


def test_from_1_29_7_on_a_block_without_a_pool_line(tmp_path: Path) -> None:
    server = "server { location / { proxy_pass http://u; } }"
    body = f"\nupstream u {{\n  server 10.0.0.1:3000;\n}}\n{server}\n"
    assert one_file(tmp_path, body, IDLE, version=NEW) == (
        body.replace("  server", "  keepalive_timeout 4s;\n  server"),
        [],
    )


@pytest.mark.parametrize(
    ("version", "before", "after"),
    [
        (OLD, "server 10.0.0.1:3000;\n  keepalive 8;\n", "server 10.0.0.1:3000;\n"),
        (NEW, "server 10.0.0.1:3000;\n  keepalive 8;\n", "server 10.0.0.1:3000;\n  keepalive 0;\n"),
        (NEW, "server 10.0.0.1:3000;\n", "keepalive 0;\n  server 10.0.0.1:3000;\n"),
    ],
)
def test_where_no_time_fits(version: str, before: str, after: str, tmp_path: Path) -> None:
    body = f"\nupstream u {{\n  %s}}\nserver {{ location / {{ {KEPT} proxy_pass http://u; }} }}\n"
    spec = IDLE.replace("5s", "1s")
    assert one_file(tmp_path, body % before, spec, version=version) == (body % after, [])


def test_what_appears_is_mended_too(tmp_path: Path) -> None:
    """The port is wrong, and behind it the scheme."""
    spec = '[upstream.api]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "http"\ntls = true\n'
    body = "\nserver { location / { proxy_pass http://10.0.0.1:3001; } }\n"
    assert one_file(tmp_path, body, spec) == (
        body.replace("http://10.0.0.1:3001", "https://10.0.0.1:3000"),
        [],
    )


TO_LOCALHOST = (
    "location / { proxy_ssl_server_name on; proxy_next_upstream off; "
    "proxy_pass https://localhost:3000; }"
)
BOUND_TO_IPV4 = (
    '[upstream.mail]\nhosts = ["localhost"]\nport = 3000\nprotocol = "http"\n'
    'bind = ["127.0.0.1"]\ntls = { sni = "required" }\n'
)


def test_what_would_appear_and_cannot_be_mended_forbids_it(tmp_path: Path) -> None:
    """With the address in the place of localhost nginx would have no name to send."""
    files = {
        "nginx.conf": http(f"\nserver {{ {TO_LOCALHOST} }}\n"),
        "upstreams.toml": BOUND_TO_IPV4,
    }
    result, texts, left = mended(tmp_path, files, unsafe=True)
    assert (texts, left, result.fixed) == ({}, ["localhost-family"], 0)
    assert [item.reason for item in result.unfixed] == [
        "sni-missing would be found instead (nginx.conf:2)"
    ]


def test_what_is_behind_a_finding_does_not_forbid_to_fix_it(tmp_path: Path) -> None:
    """It is known that it is there: nothing appears."""
    spec = (
        '[upstream.api]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "http"\n'
        "proxy_protocol = true\n"
    )
    files = {
        "nginx.conf": http("\nserver { location / { proxy_pass http://10.0.0.1:3001; } }\n"),
        "upstreams.toml": spec,
    }
    result, texts, left = mended(tmp_path, files)
    assert (left, result.fixed, result.unfixed) == (["proxy-protocol-mismatch"], 1, ())
    assert "http://10.0.0.1:3000;" in texts["nginx.conf"]


def test_what_would_appear_behind_another_finding_is_fixed_with_it(tmp_path: Path) -> None:
    """The upstream speaks no HTTP, which nothing can fix; behind that is a race once connections
    are kept."""
    body = (
        "\nupstream web {\nserver 10.0.0.1:3000;\nkeepalive 8;\n}\n"
        "server { location / { proxy_pass http://web; } }\n"
    )
    spec = (
        '[upstream.web]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "fastcgi"\n'
        'keepalive = { idle_timeout = "5s" }\n'
    )
    text, left = one_file(tmp_path, body, spec)
    assert left == ["protocol-mismatch"]
    assert text == body.replace("keepalive 8", "keepalive_timeout 4s;\nkeepalive 8").replace(
        "proxy_pass", 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass'
    )


def test_what_shows_once_a_finding_is_fixed_is_fixed_too(tmp_path: Path) -> None:
    spec = '[upstream.api]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "http"\ntls = true\n'
    files = {
        "nginx.conf": http("\nserver { location / { proxy_pass http://10.0.0.1:3001; } }\n"),
        "upstreams.toml": spec,
    }
    result, texts, left = mended(tmp_path, files)
    assert (left, result.fixed, result.unfixed) == ([], 2, ())
    assert "https://10.0.0.1:3000;" in texts["nginx.conf"]


VERIFIED = "proxy_ssl_verify on; proxy_ssl_trusted_certificate /ca.pem; "


@pytest.mark.parametrize(
    ("settings", "facts", "rule"),
    [
        ("", 'sni = "required", names = ["up.example", "*.up.example"]', "sni-missing"),
        (VERIFIED, 'names = ["up.example", "*.up.example"]', "tls-name-mismatch"),
    ],
)
def test_a_wildcard_is_no_name_of_a_server(
    settings: str, facts: str, rule: str, tmp_path: Path
) -> None:
    """Not even where a rule would offer it, and nothing was found any more."""
    body = f"\nserver {{ location / {{ {settings}\nproxy_pass https://10.0.0.1:3000; }} }}\n"
    spec = f'[upstream.up]\nhosts = ["10.0.0.1"]\nport = 3000\ntls = {{ {facts} }}\n'
    write(tmp_path, {"nginx.conf": http(body), "upstreams.toml": spec})
    options = Options(tmp_path, ("nginx.conf",), version=Version.parse(OLD))

    def check(overlay: Mapping[str, str]) -> Result:
        return examine(replace(options, overlay=overlay), lambda: b"")

    first = check({})
    (finding,) = first.report.findings
    assert finding.rule == rule and finding.fix is not None
    assert fix(first, check, unsafe=True).fixed == 1
    assert "*" not in "".join(edit.text for edit in finding.fix.edits)
    edits = tuple(
        replace(edit, text=edit.text.replace("up.example", "*.up.example"))
        for edit in finding.fix.edits
    )
    offered = replace(finding, fix=replace(finding.fix, edits=edits))
    result = fix(
        replace(first, report=replace(first.report, findings=(offered,))), check, unsafe=True
    )
    assert (result.texts, result.fixed) == ({}, 0)
    reasons = [item.reason for item in result.unfixed]
    assert reasons == ["proxy_ssl_name would be a wildcard, *.up.example"]


def test_a_wildcard_that_was_there_is_left_alone(tmp_path: Path) -> None:
    body = (
        "\nserver { proxy_ssl_name *.up.example; location / { proxy_ssl_server_name on;\n"
        "proxy_pass https://10.0.0.1:3001; } }\n"
    )
    spec = '[upstream.up]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "http"\ntls = true\n'
    assert one_file(tmp_path, body, spec) == (body.replace("3001", "3000"), [])


def shared(folder: Path, two: str) -> tuple[Fixed, dict[str, str], list[str]]:
    return mended(
        folder,
        {
            "nginx.conf": http(
                "\nserver { location / { include at; proxy_pass http://10.0.0.1:3000; } }\n"
                "server { listen 81; location / { include at;\n"
                "proxy_pass http://10.0.0.2:3000; } }\n"
            ),
            "at": "proxy_buffer_size 4k;\n",
            "upstreams.toml": (
                '[upstream.one]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "http"\n'
                'limits = { response_headers = "10k" }\n'
                f'[upstream.two]\nhosts = ["10.0.0.2"]\nport = 3000\nprotocol = "http"\n{two}'
            ),
        },
    )


def test_a_shared_line_that_suits_both(tmp_path: Path) -> None:
    result, texts, left = shared(tmp_path, 'limits = { response_headers = "20k" }\n')
    assert (left, result.unfixed) == ([], ())
    assert texts == {
        "at": "proxy_buffers 8 32k;\nproxy_busy_buffers_size 64k;\nproxy_buffer_size 32k;\n"
    }


@pytest.mark.parametrize("more", ["", "proxy_read_timeout 0; "])
def test_a_shared_line_that_bears_on_a_hop_without_a_declaration(more: str, tmp_path: Path) -> None:
    """The other root has a spec that knows nothing of it, whatever else is wrong there."""
    result, texts, _ = mended(
        tmp_path,
        {
            "nginx.conf": http("\nserver { location / { include up; } }\n"),
            "upstreams.toml": API.replace("127.0.0.1", "10.0.0.1"),
            "two/nginx.conf": http(f"\nserver {{ location / {{ {more}include ../up; }} }}\n"),
            "two/upstreams.toml": "",
            "up": "proxy_pass http://10.0.0.1:3001;\n",
        },
        roots=("nginx.conf", "two/nginx.conf"),
    )
    assert texts == {}
    assert [item.reason for item in result.unfixed] == [
        "it also bears on proxy_pass http://10.0.0.1:3001 (up:1), of whose upstream nothing is "
        "known"
    ]


@pytest.mark.parametrize(
    ("shared", "here", "name"),
    [
        ("upstream u {\n    server 10.0.0.1:3001;\n}\n", "proxy_pass http://u;", "http://u"),
        (
            "map $uri $u {\n    default 10.0.0.1:3001;\n}\n",
            "set $to http://$u; proxy_pass $to;",
            "$to",
        ),
    ],
)
def test_a_shared_block(shared: str, here: str, name: str, tmp_path: Path) -> None:
    """Its hops are elsewhere; a hop that has nothing to do with it does not matter."""
    site = f"\ninclude ../common;\nserver {{\nlocation / {{ {here} }}\n"
    files = {
        "nginx.conf": http("\n"),
        "one/nginx.conf": http(f"{site}location /a {{ proxy_pass http://10.9.9.9; }} }}\n"),
        "one/upstreams.toml": API.replace("127.0.0.1", "10.0.0.1"),
        "common": shared,
    }
    _, texts, left = mended(tmp_path, files, roots=("nginx.conf", "one/nginx.conf"))
    assert (texts, left) == ({"common": shared.replace("3001", "3000")}, ["undeclared-upstream"])
    more = {"two/nginx.conf": http(f"{site}}}\n"), "two/upstreams.toml": ""}
    result, texts, _ = mended(
        tmp_path, files | more, roots=("nginx.conf", "one/nginx.conf", "two/nginx.conf")
    )
    assert texts == {}
    assert [item.reason for item in result.unfixed] == [
        f"it also bears on proxy_pass {name} (two/nginx.conf:4), of whose upstream nothing is known"
    ]


def test_what_a_pass_says_bears_on_no_pass_within(tmp_path: Path) -> None:
    body = (
        "\nserver {\n  location / {\n    if ($arg_a) { proxy_pass http://10.9.9.9; }\n"
        "    proxy_pass http://10.0.0.1:3001;\n  }\n}\n"
    )
    assert one_file(tmp_path, body, API.replace("127.0.0.1", "10.0.0.1")) == (
        body.replace("3001", "3000"),
        ["undeclared-upstream"],
    )


def test_a_line_that_is_taken_out_bears_on_its_own_block(tmp_path: Path) -> None:
    """Not on that of the line above it."""
    body = (
        "\nupstream u {\n  keepalive 8;\n  server 10.0.0.1:3000;\n}\n"
        f"server {{ location / {{ {KEPT} proxy_pass http://u; }}\n"
        "location /a { proxy_pass http://10.9.9.9; } }\n"
    )
    assert one_file(tmp_path, body, IDLE.replace("5s", "1s")) == (
        body.replace("  keepalive 8;\n", ""),
        ["undeclared-upstream"],
    )


def test_a_socket_whose_name_nginx_would_not_read(tmp_path: Path) -> None:
    files = {
        "nginx.conf": http("\nserver { location / { proxy_pass http://unix:/run/a.sock; } }\n"),
        "upstreams.toml": 'complete = true\n[upstream.api]\nsocket = "/run/a;{.sock"\n',
    }
    result, texts, _ = mended(tmp_path, files)
    assert texts == {}
    assert [item.reason.partition(":")[0] for item in result.unfixed] == [
        "the file could not be read any more"
    ]


def test_what_is_refused_gets_another_chance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = fixing._Run._try
    asked: list[int] = []

    def stubborn(self: Any, view: Any, texts: Any, groups: Any) -> Any:
        asked.append(len(groups))
        if len(asked) == 1:
            return Objection("not now", {0: "not now"})
        return original(self, view, texts, groups)

    monkeypatch.setattr(fixing._Run, "_try", stubborn)
    body = "\n" + SERVER.strip() + SERVER.replace("{", "{ listen 81;", 1)
    assert one_file(tmp_path, body, f"complete = true\n{API}") == (body.replace("3001", "3000"), [])
    assert asked == [2, 1, 1]


def two_specs(folder: Path, second: str) -> tuple[Fixed, dict[str, str], list[str]]:
    """One snippet in two roots, each with a spec of its own."""
    return mended(
        folder,
        {
            "one/nginx.conf": http("\nserver { location / { include ../up; } }\n"),
            "one/upstreams.toml": API.replace("127.0.0.1", "10.0.0.1"),
            "two/nginx.conf": http("\nserver { location / { include ../up; } }\n"),
            "two/upstreams.toml": API.replace("127.0.0.1", "10.0.0.1").replace("3000", second),
            "up": "proxy_pass http://10.0.0.1:3001;\n",
            "nginx.conf": http("\n"),
        },
        roots=("nginx.conf", "one/nginx.conf", "two/nginx.conf"),
    )


def test_a_snippet_changes_where_all_agree(tmp_path: Path) -> None:
    _, texts, left = two_specs(tmp_path, "3000")
    assert (texts, left) == ({"up": "proxy_pass http://10.0.0.1:3000;\n"}, [])


@pytest.mark.parametrize("second", ["3001", "3002"])
def test_a_snippet_stays_where_one_disagrees(second: str, tmp_path: Path) -> None:
    """The other root is right as it is, or wants a third port."""
    result, texts, left = two_specs(tmp_path, second)
    assert (texts, result.fixed) == ({}, 0)
    assert set(left) == {"port-mismatch"}
    assert len(result.unfixed) == len(left)


@pytest.mark.parametrize(("good", "bad"), [(40, 1), (40, 40), (0, 40)])
def test_those_that_are_refused_do_not_hold_up_the_others(
    good: int, bad: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some ports are wrong, behind some of them the scheme too, and behind others what nothing can
    mend; that takes a few checks, not one for each."""
    checks = []

    def counted(options: Options, standard_input: Callable[[], bytes]) -> Result:
        checks.append(options)
        return original(options, standard_input)

    original = examine
    monkeypatch.setitem(globals(), "examine", counted)
    locations = [
        f"location / {{ proxy_pass http://10.0.0.{1 + 2 * (number % 2)}:3001; }}"
        for number in range(good)
    ]
    body = "".join(
        f"server {{ server_name s{number}; {location} }}\n"
        for number, location in enumerate(locations + [TO_LOCALHOST] * bad)
    )
    spec = BOUND_TO_IPV4 + "".join(
        f'[upstream.{name}]\nhosts = ["{host}"]\nport = 3000\nprotocol = "http"\n{more}\n'
        for name, host, more in (("api", "10.0.0.1", ""), ("shop", "10.0.0.3", "tls = true"))
    )
    files = {"nginx.conf": http(f"\n{body}"), "upstreams.toml": spec}
    result, texts, left = mended(tmp_path, files, unsafe=True)
    assert [rule for rule in left if rule != "unused-upstream"] == ["localhost-family"] * bad
    assert {item.reason for item in result.unfixed} == {
        f"sni-missing would be found instead (nginx.conf:{line})"
        for line in range(good + 2, good + bad + 2)
    }
    assert (result.fixed, len(result.unfixed)) == (good + good // 2, bad)
    text = texts.get("nginx.conf", "")
    assert [text.count("http://10.0.0.1:3000"), text.count("https://10.0.0.3:3000")] == [
        good // 2,
        good // 2,
    ]
    assert len(checks) <= 6


def test_unsafe_ones_are_counted(tmp_path: Path) -> None:
    body = "\nserver { location / { proxy_read_timeout 0; proxy_pass http://10.0.0.1:3000; } }\n"
    files = {"nginx.conf": http(body), "upstreams.toml": API.replace("127.0.0.1", "10.0.0.1")}
    result, texts, _ = mended(tmp_path, files)
    assert (texts, result.unsafe, result.fixed) == ({}, 1, 0)
    result, texts, left = mended(tmp_path, files, unsafe=True)
    assert (list(texts), left, result.unsafe, result.fixed) == (["nginx.conf"], [], 0, 1)


def test_a_setting_that_another_place_has_already_is_not_written_twice(tmp_path: Path) -> None:
    files = {
        "nginx.conf": http(
            "\nserver { server_name a; location / { include up; } }\n"
            "server { server_name b; location / { include up; proxy_read_timeout 90s; } }\n"
        ),
        "up": "proxy_pass http://10.0.0.1:3000;\n",
        "upstreams.toml": API.replace("127.0.0.1", "10.0.0.1")
        + 'timeouts = { response = "80s" }\nprotocol = "http"\n',
    }
    result, texts, left = mended(tmp_path, files)
    assert (texts, left) == ({}, ["read-timeout"])
    assert [item.reason for item in result.unfixed] == [
        "proxy_read_timeout would stand twice in one block"
    ]


def test_buffers_that_nginx_would_refuse(tmp_path: Path) -> None:
    """The size that was meant takes more buffers than there are, whatever else nginx refuses."""
    files = {
        "nginx.conf": http(
            "\nserver { location / { fastcgi_buffers 8 32k; proxy_pass http://10.0.0.1:3000;\n"
            "location /in/ { proxy_temp_file_write_size 16k; } }\n"
            "location /static/ { proxy_buffers 4 4k; proxy_busy_buffers_size 16k; } }\n"
        ),
        "upstreams.toml": API.replace("127.0.0.1", "10.0.0.1"),
    }
    result, texts, left = mended(tmp_path, files, unsafe=True)
    assert (texts, left) == ({}, ["buffer-directive-family"])
    assert [item.reason for item in result.unfixed] == [
        "nginx would refuse proxy_temp_file_write_size below 32k in location /in/ (nginx.conf:3)"
    ]
    assert result.refused == (
        "proxy_busy_buffers_size 16k: proxy_buffers without one are 12k in location /static/ "
        "(nginx.conf:4)",
    )


def test_a_pass_in_an_if_has_its_setting_around_it(tmp_path: Path) -> None:
    body = (
        "\nserver {\n  location / {\n    if ($arg_a) {\n      proxy_pass http://10.0.0.1:3000;\n"
        "    }\n  }\n}\n"
    )
    spec = (
        API.replace("127.0.0.1", "10.0.0.1")
        + 'timeouts = { response = "80s" }\nprotocol = "http"\n'
    )
    assert one_file(tmp_path, body, spec) == (
        body.replace("    if", "    proxy_read_timeout 110s;\n    if"),
        [],
    )


def test_fixes_that_are_set_in_at_one_place(tmp_path: Path) -> None:
    """They come one after the other; behind a wrong port too."""
    spec = (
        API.replace("127.0.0.1", "10.0.0.1")
        + 'timeouts = { response = "80s" }\nlimits = { response_headers = "10k" }\n'
        'protocol = "http"\n'
    )
    body = "\nserver {\n  location / {\n    proxy_pass http://10.0.0.1:3001;\n  }\n}\n"
    assert one_file(tmp_path, body, spec) == (
        body.replace(
            "    proxy_pass http://10.0.0.1:3001",
            "    proxy_read_timeout 110s;\n    proxy_buffer_size 16k;\n"
            "    proxy_buffers 8 16k;\n    proxy_busy_buffers_size 32k;\n"
            "    proxy_pass http://10.0.0.1:3000",
        ),
        [],
    )


def test_a_pass_and_one_in_an_if_beside_it(tmp_path: Path) -> None:
    """Both settings are set in above the outer pass."""
    spec = (
        '[upstream.web]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "http"\n'
        'timeouts = { response = "80s" }\n'
        '[upstream.php]\nhosts = ["10.0.0.2"]\nport = 9000\nprotocol = "fastcgi"\n'
        'timeouts = { response = "80s" }\n'
    )
    body = (
        "\nserver {\n  location / {\n    if ($arg_a) { fastcgi_pass 10.0.0.2:9000; }\n"
        "    proxy_pass http://10.0.0.1:3000;\n  }\n}\n"
    )
    assert one_file(tmp_path, body, spec) == (
        body.replace(
            "    proxy_pass",
            "    fastcgi_read_timeout 110s;\n    proxy_read_timeout 110s;\n    proxy_pass",
        ),
        [],
    )


IGNORED = "  # lint502: ignore[read-timeout] nobody waits for it\n"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            "\nproxy_read_timeout 9s;\nserver {\n"
            "location /a/ { proxy_pass http://10.0.0.1:3000; }\n"
            f"location /b/ {{\n{IGNORED}proxy_pass http://10.0.0.1:3000;\n}}\n}}\n",
            "unused-ignore would be found instead (nginx.conf:6)",
        ),
        (
            "\nserver {\nlocation /a/ {\n  # lint502: ignore[response-header-buffer] we cut it\n"
            "  proxy_pass http://10.0.0.1:3000;\n}\n}\n",
            "unused-ignore would be found instead (nginx.conf:4)",
        ),
        (
            "\nserver {\nlocation /a/ {\n  proxy_read_timeout 9s;\n"
            "  # lint502: ignore[response-header-buffer] we cut it\n"
            "  proxy_pass http://10.0.0.1:3000;\n}\n}\n",
            None,
        ),
    ],
)
def test_comments_that_ignore_something(body: str, reason: str | None, tmp_path: Path) -> None:
    """What somebody has decided not to hear of at one hop is not mended through another one, and no
    comment gets another line to stand above."""
    spec = API.replace("127.0.0.1", "10.0.0.1") + (
        'timeouts = { response = "80s" }\nprotocol = "http"\n'
    )
    if "response-header-buffer" in body:
        spec += 'limits = { response_headers = "10k" }\n'
    files = {"nginx.conf": http(body), "upstreams.toml": spec}
    result, texts, _ = mended(tmp_path, files)
    assert [item.reason for item in result.unfixed] == ([] if reason is None else [reason])
    assert bool(texts) is (reason is None)


def test_what_is_mended_stays_so(tmp_path: Path) -> None:
    spec = (
        '[upstream.api]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "http"\n'
        'keepalive = { idle_timeout = "5s" }\n'
    )
    body = (
        "\nupstream u { server 10.0.0.1:3001; keepalive 8; }\n"
        "server { location / { proxy_http_version 1.1; proxy_pass http://u; } }\n"
    )
    after, left = one_file(tmp_path, body, spec)
    assert left == []
    assert after is not None
    again, _ = one_file(tmp_path, after, spec)
    assert again is None


WEB = '[upstream.web]\nhosts = ["10.0.0.1"]\nport = 3000\nprotocol = "http"\n'
TLS = WEB.replace("3000", "8443")
POOL = "upstream web {\n    server 10.0.0.1:3000;\n    keepalive 8;\n}\n"
IN_POOL = WEB + 'keepalive = { idle_timeout = "90s" }\n'


def site(*lines: str, around: str = "") -> str:
    """The inside of ``http {}``: one location with these lines in one server."""
    inner = "".join(f"        {line}\n" for line in lines)
    return f"\n{around}server {{\n    location / {{\n{inner}    }}\n}}\n"


WRITTEN = {
    "keepalive-unused": (
        IN_POOL,
        site("proxy_pass http://web;", around=POOL),
        site(
            "proxy_http_version 1.1;",
            'proxy_set_header Connection "";',
            "proxy_pass http://web;",
            around=POOL,
        ),
    ),
    "keepalive-unused: headers of its own": (
        IN_POOL,
        site("proxy_set_header Host $host;", "proxy_pass http://web;", around=POOL),
        site(
            'proxy_set_header Connection "";',
            "proxy_set_header Host $host;",
            "proxy_http_version 1.1;",
            "proxy_pass http://web;",
            around=POOL,
        ),
    ),
    "keepalive-unused: inherited headers": (
        IN_POOL,
        site("proxy_pass http://web;", around=f"proxy_set_header Host $host;\n{POOL}"),
        site(
            "proxy_http_version 1.1;",
            "proxy_pass http://web;",
            around=f'proxy_set_header Connection "";\nproxy_set_header Host $host;\n{POOL}',
        ),
    ),
    "keepalive-unused: closed by a header": (
        IN_POOL,
        site(
            "proxy_http_version 1.1;",
            "proxy_set_header Connection close;",
            "proxy_pass http://web;",
            around=POOL,
        ),
        site(
            "proxy_http_version 1.1;",
            'proxy_set_header Connection "";',
            "proxy_pass http://web;",
            around=POOL,
        ),
    ),
    "keepalive-unused and then keepalive-race": (
        IN_POOL.replace("90s", "20s"),
        site("proxy_pass http://web;", around=POOL),
        site(
            "proxy_http_version 1.1;",
            'proxy_set_header Connection "";',
            "proxy_pass http://web;",
            around=POOL.replace("    keepalive", "    keepalive_timeout 19s;\n    keepalive"),
        ),
    ),
    "keepalive-unused: FastCGI": (
        IN_POOL.replace('"http"', '"fastcgi"'),
        site("fastcgi_pass web;", around=POOL),
        site("fastcgi_keep_conn on;", "fastcgi_pass web;", around=POOL),
    ),
    "keepalive-unsupported": (
        WEB + "keepalive = { max_requests = 50, announces_close = false }\n",
        site(KEPT, "proxy_pass http://web;", around=POOL),
        site(
            KEPT,
            "proxy_pass http://web;",
            around=POOL.replace("    keepalive", "    keepalive_requests 50;\n    keepalive"),
        ),
    ),
    "http-version-mismatch": (
        WEB + 'http_versions = ["1.1"]\n',
        site("proxy_pass http://10.0.0.1:3000;"),
        site("proxy_http_version 1.1;", "proxy_pass http://10.0.0.1:3000;"),
    ),
    "http-version-mismatch: inherited": (
        WEB + 'http_versions = ["1.1"]\n',
        site("proxy_pass http://10.0.0.1:3000;", around="proxy_http_version 1.0; # old\n"),
        site("proxy_pass http://10.0.0.1:3000;", around="proxy_http_version 1.1; # old\n"),
    ),
    "tls-mismatch": (
        TLS + "tls = true\n",
        site("proxy_pass HTTP://10.0.0.1:8443/a;"),
        site("proxy_pass https://10.0.0.1:8443/a;"),
    ),
    "tls-mismatch: plain": (
        WEB + "tls = false\n",
        site("proxy_pass 'https://10.0.0.1:3000';"),
        site("proxy_pass 'http://10.0.0.1:3000';"),
    ),
    "tls-mismatch: gRPC": (
        TLS.replace('"http"', '"grpc"') + "tls = true\n",
        site("grpc_pass grpc://10.0.0.1:8443;"),
        site("grpc_pass grpcs://10.0.0.1:8443;"),
    ),
    "sni-missing": (
        TLS + 'tls = { sni = "required", names = ["web.test"] }\n',
        site(
            "proxy_ssl_server_name off;",
            "proxy_pass https://web.test;",
            around="upstream web.test { server 10.0.0.1:8443; }\n",
        ),
        site(
            "proxy_ssl_server_name on;",
            "proxy_pass https://web.test;",
            around="upstream web.test { server 10.0.0.1:8443; }\n",
        ),
    ),
    "unix-url-colon": (
        '[upstream.web]\nsocket = "/run/web.sock"\nprotocol = "fastcgi"\n',
        site("fastcgi_pass unix:/run/web.sock:;"),
        site("fastcgi_pass unix:/run/web.sock;"),
    ),
    "socket-path-mismatch": (
        '[upstream.web]\nsocket = "/run/web.sock"\nprotocol = "http"\n',
        site(
            "proxy_pass http://web/a;",
            around="upstream web {\n    server unix:/tmp/../run/wep.sock max_fails=0; # it\n}\n",
        ),
        site(
            "proxy_pass http://web/a;",
            around="upstream web {\n    server unix:/run/web.sock max_fails=0; # it\n}\n",
        ),
    ),
    "implicit-port-80": (
        TLS + "tls = true\n",
        site("proxy_pass https://web;", around="upstream web { server 10.0.0.1 weight=2; }\n"),
        site("proxy_pass https://web;", around="upstream web { server 10.0.0.1:8443 weight=2; }\n"),
    ),
    "response-header-buffer: on their own lines": (
        WEB + 'limits = { response_headers = "20k" }\n',
        site(
            "proxy_buffers 4 16k;",
            "proxy_buffer_size 8k;",
            "proxy_busy_buffers_size 16k;",
            "proxy_pass http://10.0.0.1:3000;",
        ),
        site(
            "proxy_buffers 8 32k;",
            "proxy_buffer_size 32k;",
            "proxy_busy_buffers_size 64k;",
            "proxy_pass http://10.0.0.1:3000;",
        ),
    ),
    "response-header-buffer: around it": (
        WEB + 'limits = { response_headers = "20k" }\n',
        site(
            "proxy_pass http://10.0.0.1:3000;",
            around="proxy_buffer_size 8k;\nproxy_temp_file_write_size 16k;\n",
        ),
        site(
            "proxy_pass http://10.0.0.1:3000;",
            around="proxy_buffers 8 32k;\nproxy_busy_buffers_size 64k;\nproxy_buffer_size 32k;\n"
            "proxy_temp_file_write_size 64k;\n",
        ),
    ),
    "request-body-limit": (
        WEB + 'limits = { request_body = "2m" }\n',
        site("proxy_pass http://10.0.0.1:3000;", around="client_max_body_size 50m;\n"),
        site(
            "client_max_body_size 2m;",
            "proxy_pass http://10.0.0.1:3000;",
            around="client_max_body_size 50m;\n",
        ),
    ),
    "read-timeout": (
        WEB + 'timeouts = { response = "80s" }\n',
        site("proxy_read_timeout 10s; proxy_pass http://10.0.0.1:3000;"),
        site("proxy_read_timeout 110s; proxy_pass http://10.0.0.1:3000;"),
    ),
    "keepalive-order: on one line": (
        IN_POOL,
        site(
            KEPT,
            "proxy_pass http://web;",
            around="upstream web { server 10.0.0.1:3000; keepalive 8; ip_hash; } # web\n",
        ),
        site(
            KEPT,
            "proxy_pass http://web;",
            around="upstream web { server 10.0.0.1:3000; ip_hash; keepalive 8; } # web\n",
        ),
    ),
    "keepalive-order": (
        IN_POOL,
        site(
            KEPT,
            "proxy_pass http://web;",
            around=POOL.replace("8;\n", "8;\n    ip_hash; # sticky\n"),
        ),
        site(
            KEPT,
            "proxy_pass http://web;",
            around=POOL.replace("keepalive 8;\n", "ip_hash; # sticky\n    keepalive 8;\n"),
        ),
    ),
}
"""A spec, and what safe fixes make of a configuration."""


@pytest.mark.parametrize("case", WRITTEN)
def test_what_is_written(case: str, tmp_path: Path) -> None:
    spec, before, after = WRITTEN[case]
    assert one_file(tmp_path, before, spec) == (after, [])


@pytest.mark.slow
def test_a_real_nginx_accepts_what_is_written() -> None:
    texts = [text for _, before, after in WRITTEN.values() for text in (before, after)]
    verdicts = check_all([f"{MAIN}http {{{HTTP}{text}}}\n".encode() for text in texts])
    assert [verdict for verdict in verdicts if not verdict.accepted] == []
