"""Where the ways of a request end, compared with a real nginx: at a pass, or with which status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lint502.ladder.climb import ladder
from lint502.ladder.model import Ladder
from lint502.ladder.wanted import Wanted
from lint502.nginx.version import Version
from lint502.options import Options
from tests.diagnosis.test_routes_on_nginx import free_port, started
from tests.ladder.test_climb import SPEC, climbed
from tests.ladder.test_on_nginx import asked, ok, request
from tests.support.nginxes import nginx_of
from tests.support.probes import serving
from tests.support.real_nginx import HTTP, MAIN, prefix
from tests.support.sites import examine, write

SITE = """
    server {
        listen 127.0.0.1:LISTEN;
        location @app { proxy_pass http://127.0.0.1:OK; }
        location = /text { return 200 inside; }
        location = /forbidden { return 403; }
        location = /again { recursive_error_pages on; error_page 403 = @app; return 403; }
        location = /last { error_page 403 = @app; return 403; }

        location /health { return 204; }
        location /own-text { error_page 404 = @app; return 404 gone; }
        location /redirect { error_page 302 = @app; return 302 /text; }
        location /idiom { error_page 418 = @app; return 418; }
        location /by-rewrite { error_page 301 = @app; rewrite ^ /text permanent; }
        location /kept { error_page 404 /text; return 404; }
        location /changed { error_page 404 =200 /text; return 404; }
        location /its-own { error_page 404 = /text; return 404; }
        location /other { error_page 404 /forbidden; return 404; }
        location /elsewhere { error_page 404 =200 http://a.example/; return 404; }
        location /moved { error_page 404 =301 http://a.example/; return 404; }
        location /recursive { recursive_error_pages on; error_page 404 /again; return 404; }
        location /once { error_page 404 /last; return 404; }
        location /internal { internal; error_page 404 = @app; return 204; }

        location /file { error_page 404 = @app; }
        location /tried { error_page 403 = @app; try_files /none =403; }
        location /failing-file { error_page 502 = @app; }
        location /maintenance {
            if (-f /none/maintenance) { return 503; }
            proxy_pass http://127.0.0.1:OK;
        }
        location /old-php { if (!-e $request_filename) { rewrite ^ /idiom last; } }
        location /plain-file { if (-d $request_filename) { return 403; } }
    }
"""
ENDS: dict[str, int | str | None] = {
    "/health": 204,
    "/text": 200,
    "/own-text": 404,
    "/redirect": "ok",
    "/idiom": "ok",
    "/by-rewrite": "ok",
    "/kept": 404,
    "/changed": 200,
    "/its-own": 200,
    "/other": 403,
    "/elsewhere": 302,
    "/moved": 301,
    "/recursive": "ok",
    "/once": 403,
    "/internal": "ok",
    "/file": "ok",
    "/tried": "ok",
    "/failing-file": None,
    "/maintenance": "ok",
    "/old-php": "ok",
    "/plain-file": None,
}
"""``ok``: a pass; None: a file, which is not there."""


def end(found: Ladder) -> int | str | None:
    assert found.undecided == ()
    (route,) = found.routes
    return "ok" if route.hop is not None else route.status


@pytest.fixture(scope="module", params=["bullseye", "sid"])
def lab(request: pytest.FixtureRequest) -> Iterator[tuple[Path, int, Version]]:
    nginx = nginx_of(request.param)
    with ExitStack() as stack:
        port, app = free_port(), stack.enter_context(serving(ok))
        folder = stack.enter_context(prefix())
        site = SITE.replace("LISTEN", str(port)).replace("OK", str(app))
        start = f"daemon off; master_process off; error_log error.log;\n{MAIN}http {{\n{HTTP}"
        write(folder, {"nginx.conf": f"{start}{site}}}\n"})
        stack.enter_context(started(nginx, folder, folder / "nginx.conf", port))
        yield folder, port, Version(*nginx.version)


@pytest.mark.slow
def test_where_nginx_ends_a_request(lab: tuple[Path, int, Version]) -> None:
    folder, port, version = lab
    options = Options(
        working_directory=folder,
        roots=(str(folder / "nginx.conf"),),
        version=version,
        version_origin="option",
    )
    result = examine(options)
    url = f"http://lab.example:{port}"
    found = {path: end(ladder(result, Wanted.read(url + path, "GET", []))) for path in ENDS}
    assert found == ENDS
    for path, expected in ENDS.items():
        status, _ = asked(port, request(path))
        assert status == (200 if expected == "ok" else expected or 404), path
    assert end(ladder(result, Wanted.read(f"{url}/idiom", "TRACE", []))) == 405
    assert asked(port, request("/idiom", method="TRACE"))[0] == 405


def test_where_a_request_ends_without_files(tmp_path: Path) -> None:
    site = SITE.replace("LISTEN", "80").replace("OK", "3000")
    write(tmp_path, {"nginx.conf": "", "upstreams.toml": SPEC})
    found = {path: end(climbed(tmp_path, site, f"http://a.example{path}")) for path in ENDS}
    assert found == ENDS


@pytest.mark.parametrize(
    ("body", "answers"),
    [
        (
            "if ($geoip_country) { return 403; }",
            ["nginx answers with 403 by itself: return 403", "nginx answers with a file"],
        ),
        (
            "if ($geoip_country) { return 403; } try_files $uri =405;",
            ["nginx answers with 403 by itself: return 403", "nginx answers with a file"],
        ),
        (
            "if ($geoip_country) { rewrite ^ /gone last; }",
            ["nginx answers with 410 by itself: return 410", "nginx answers with a file"],
        ),
        (
            "if ($geoip_country) { return 418; } error_page 418 = @a;",
            ["", "nginx answers with a file"],
        ),
    ],
)
def test_a_condition_that_is_not_known_leaves_it_open(
    tmp_path: Path, body: str, answers: list[str]
) -> None:
    site = f"""
        server {{
            location / {{ {body} }}
            location /gone {{ return 410; }}
            location @a {{ proxy_pass http://127.0.0.1:3000; }}
        }}"""
    found = climbed(tmp_path, site)
    assert found.undecided == ("the request may go several ways, by what the files do not tell",)
    assert [route.answer.partition(", or")[0] for route in found.routes] == answers


def test_the_page_of_an_answer_is_told_from_that_of_a_failure(tmp_path: Path) -> None:
    site = """
        server {
            location / {
                error_page 418 = @a;
                error_page 502 = @b;
                if ($http_x) { return 418; }
                proxy_pass http://127.0.0.1:3000;
            }
            location @a { proxy_pass http://127.0.0.1:3001; }
            location @b { proxy_pass http://127.0.0.1:3002; }
        }"""
    for headers, value in (((), "3000"), (("X: 1",), "3001")):
        (route,) = climbed(tmp_path, site, "http://a.example/", *headers).routes
        assert route.hop is not None and route.hop.value.endswith(value)


def test_a_file_that_an_if_looks_for_is_taken_not_to_be_there_and_that_is_said(
    tmp_path: Path,
) -> None:
    site = """
        server { location / {
            if (-f /none) { return 503; }
            proxy_pass http://127.0.0.1:3000;
        } }"""
    (route,) = climbed(tmp_path, site).routes
    notes = [note for rung in route.rungs if rung.kind == "location" for note in rung.notes]
    assert notes == ["an if looks for files here: they are taken not to be there"]
