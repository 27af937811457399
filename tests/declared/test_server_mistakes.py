"""What a ``server`` that is not written as upstreams.toml has it gets for an answer."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lint502.declared import profiles
from lint502.declared.products import called, products, squeezed
from lint502.toml.mistakes import UnknownNameError

WRITE = 'must be a server or server/version: write "{}", not "{}"'


def answer(server: str) -> str:
    """The whole message, with its hint."""
    with pytest.raises(ValueError) as caught:
        profiles.parse_server(server)
    error = caught.value
    hint = error.hint() if isinstance(error, UnknownNameError) else ""
    return f"{error}; {hint}" if hint else str(error)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("node:22", "node/22"),
        ("node 22", "node/22"),
        ("node@22", "node/22"),
        ("node-22", "node/22"),
        ("node22", "node/22"),
        ("node v22.1", "node/22.1"),
        ("node/v22", "node/22"),
        ("node/22.x", "node/22"),
        ("node/22-alpine", "node/22"),
        ("node:22-alpine", "node/22"),
        ("node:latest", "node"),
        ("node/lts", "node"),
        ("node/", "node"),
        ("Node/20", "node/20"),
        ("Node.js 20", "node/20"),
        ("NodeJS", "node"),
        ("docker.io/library/node:22-slim", "node/22"),
        ("gunicorn==21.2", "gunicorn/21.2"),
        ("gunicorn >= 21.2", "gunicorn/21.2"),
        ("gunicorn~=21.2.0", "gunicorn/21.2.0"),
        ("gunicorn/22.0rc1", "gunicorn/22.0"),
        ("gunicorn -k uvicorn.workers.UvicornWorker", "gunicorn-uvicorn"),
        ("gunicorn -w 4 -k uvicorn_worker.UvicornWorker", "gunicorn-uvicorn"),
        ("gunicorn --threads 4", "gunicorn-gthread"),
        ("gunicorn --threads=4 app:app", "gunicorn-gthread"),
        ("gunicorn 21.2 --threads 4", "gunicorn-gthread/21.2"),
        ("gunicorn --threads 1", "gunicorn"),
        ("gunicorn -w 4 -k gevent", "gunicorn-gthread"),
        ("gunicorn -w 4 app:app", "gunicorn"),
        ("uvicorn --port 8000", "uvicorn"),
        ("Puma/6.4.2", "puma/6.4.2"),
        ("puma 6.4.2 (ruby 3.3)", "puma/6.4.2"),
        ("nginx 1.25", "nginx/1.25"),
        ("spring-boot:3.2", "spring-boot/3.2"),
        ("h2o 2.2.5", "h2o/2.2.5"),
        ("quay.io/keycloak/keycloak:24", "keycloak/24"),
        ("vllm/vllm-openai:v0.6", "vllm/0.6"),
        ("Grafana 11.2", "grafana/11.2"),
        ("Sanic", "sanic"),
        ("puma 6.4", "puma/6.4"),
        ("tomcat10", "tomcat/10"),
        ("Apache Tomcat 9", "tomcat/9"),
        ("php8.3-fpm", "php-fpm/8.3"),
        ("php-fpm 8.3", "php-fpm/8.3"),
        ("php-fpm8.3", "php-fpm/8.3"),
        ("php:8.3-fpm-alpine", "php-fpm/8.3"),
        ("php:fpm", "php-fpm"),
        ("php_fpm", "php-fpm"),
        ("uvicorn[standard]", "uvicorn"),
        ("uvicorn[standard]==0.30", "uvicorn/0.30"),
        ("spring boot 3.2", "spring-boot/3.2"),
        ("Next.js 14", "next/14"),
        ("nestjs", "nest"),
        ("httpd:2.4", "apache/2.4"),
        ("apache2", "apache"),
        ("Apache/2.4.62 (Debian)", "apache/2.4.62"),
        ("golang", "go"),
        ("dotnet:8", "kestrel/8"),
        ("uWSGI", "uwsgi"),
        ("python3.11 gunicorn 21.2", "gunicorn/21.2"),
        ("Python/3.11 aiohttp/3.9.1", "aiohttp/3.9.1"),
        ("python:3.11-gunicorn", "gunicorn"),
        ("ruby:3.3-puma", "puma"),
        ("php:8.3-apache", "apache"),
        ("gunicorn[gthread]==21.2", "gunicorn-gthread/21.2"),
        ("tiangolo/uvicorn-gunicorn-fastapi:python3.11", "gunicorn-uvicorn"),
        ("tiangolo/uvicorn-gunicorn:0.30-python3.11", "gunicorn-uvicorn/0.30"),
        ("gem puma 6.4", "puma/6.4"),
        ("image: node:18", "node/18"),
        ("FROM node:18.2-slim", "node/18.2"),
        ("v18 node", "node/18"),
        ("TornadoServer/6.4", "tornado/6.4"),
        ("org.springframework.boot:spring-boot:3.2.1", "spring-boot/3.2.1"),
        ("node:current-alpine3.19", "node"),
        ("node@sha256:0123abcd", "node"),
        ("quay.io/x/puma:6.4@sha256:0123abcd", "puma/6.4"),
        ("node:${VERSION}", "node"),
        ("minio/minio:RELEASE.2024-01-01T00-00-00Z", "minio"),
    ],
)
def test_what_to_write_is_said_whole(written: str, meant: str) -> None:
    assert answer(written) == WRITE.format(meant, written)
    profiles.parse_server(meant)


FIGURES = (
    ': leave "server" out and write what is known of it, such as protocol, '
    "keepalive.idle_timeout and limits.request_headers"
)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("django", 'Django is a framework; write what serves it: "gunicorn", "uvicorn", '
         '"gunicorn-uvicorn", "uwsgi", "daphne" or "hypercorn"'),
        ("Django 5.1", 'Django is a framework; write what serves it: "gunicorn", "uvicorn", '
         '"gunicorn-uvicorn", "uwsgi", "daphne" or "hypercorn" '
         "(5.1 is a version of Django, not of that server)"),
        ("fastapi", 'FastAPI is a framework; write what serves it: "uvicorn", '
         '"gunicorn-uvicorn", "hypercorn", "daphne" or "granian"'),
        ("laravel", 'Laravel is a framework; write what serves it: "php-fpm" or "apache"'),
        ("ruby on rails", 'Rails is a framework; write what serves it: "puma" or "unicorn"'),
        ("n8n:1.2", 'n8n is a product; write what serves it: "node" or "express" '
         "(1.2 is a version of n8n, not of that server)"),
        ("react", 'React is a library of the browser; write what serves it: "nginx", "caddy" or '
         '"node"; its development server runs on node'),
        ("kibana:8.15", f"Kibana is a product whose server has no profile here{FIGURES}"),
        ("postgres:16", 'PostgreSQL is a database: leave "server" out and write '
         'protocol = "tcp"'),
    ],
)  # fmt: skip
def test_what_is_no_server(written: str, message: str) -> None:
    assert answer(written) == f"names no server: {message}"


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("gunicron", 'did you mean "gunicorn"?'),
        ("gunicron/21.2", 'did you mean "gunicorn/21.2"?'),
        ("gunicron==21.2", 'did you mean "gunicorn/21.2"?'),
        ("tomact 10", 'did you mean "tomcat/10"?'),
        ("pmua/6.4", 'did you mean "puma/6.4"?'),
        ("nod/22", 'did you mean "node/22"?'),
    ],
)
def test_a_misspelling_keeps_its_version(written: str, hint: str) -> None:
    assert answer(written) == f'names no known server: "{written}"; {hint}'


@pytest.mark.parametrize(
    "written",
    [
        *("zzz", "zzz/1", "", "1", "/", "/22", "x2y", "example.com:80"),
        *("iriz", "kserve", "let us go", "node-exporter:1.8", "nomad", "iriz/12"),
    ],
)
def test_what_nobody_knows(written: str) -> None:
    message = answer(written)
    assert message == (
        f'names no known server: "{written}"; "lint502 servers" lists those that are known'
    )


NAMES = [
    "fastapi", "django", "flask", "rails", "sinatra", "laravel", "symfony", "wordpress", "react",
    "vue", "next", "nuxt", "express", "nestjs", "spring", "quarkus", "micronaut", "keycloak",
    "grafana", "jenkins", "gitlab", "vllm", "ollama", "jupyter", "streamlit", "gradio", "airflow",
    "superset", "n8n", "koa", "hono", "elysia", "sveltekit", "remix", "astro", "vite", "litellm",
    "dotnet", "aspnet", "nextcloud", "minio", "php", "starlette", "starman", "cherrypy", "thin",
    "webrick", "iodine", "falcon", "dropwizard", "ktor", "wildfly", "play", "sanic", "roadrunner",
    "vert.x", "fasthttp", "fiber", "robyn", "tgi", "frankenphp", "swoole", "iis", "passenger",
    "iris", "restify", "polka", "bokeh", "dash", "mojolicious",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_each_name_that_people_write_has_an_answer(name: str) -> None:
    assert name in profiles.names() or called(name) is not None
    if name not in profiles.names():
        assert "did you mean" not in answer(name)


def test_the_products() -> None:
    written: dict[str, str] = {}
    for product in products():
        assert set(product.runs_on) <= set(profiles.names()), product
        assert product.source.startswith("https://") or "@" in product.source, product
        assert product.note is None or not product.note.endswith("."), product
        assert not product.same_version or len(product.runs_on) == 1, product
        own = {squeezed(one) for one in (product.name, product.title, *product.aliases)}
        for name in own:
            assert written.setdefault(name, product.name) == product.name, name
        assert not own & {squeezed(name) for name in profiles.names()} - {squeezed(product.name)}


@given(
    name=st.sampled_from(profiles.names()),
    version=st.from_regex(r"[1-9]\d{0,2}(\.\d{1,3}){0,3}", fullmatch=True),
    sign=st.sampled_from([":", " ", "@", "-", "==", ">=", "~=", "/v", " v", "_", ""]),
    end=st.sampled_from(["", "-alpine", "-slim-bookworm", ".x", " LTS", "rc1", "+1"]),
)
def test_a_version_is_never_lost(name: str, version: str, sign: str, end: str) -> None:
    written = f"{name}{sign}{version}{end}"
    assert answer(written) == WRITE.format(f"{name}/{version}", written)


@given(st.text(max_size=200))
@example("a[" * 90)
@example("1." * 50)
@example("\x00/\x1b[31m:1")
def test_any_text_has_an_answer(written: str) -> None:
    try:
        profiles.parse_server(written)
    except ValueError as error:
        assert str(error).startswith(("names no ", "must be a server or server/version: write "))
