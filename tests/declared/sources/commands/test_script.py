"""Scripts: which programs they run, and which conditions can be decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tests.declared.sources.commands.starting import Said, ports, said, start

SERVERS = "gunicorn -b :{} a"


def script(text: str) -> dict[str, str]:
    return {"start.sh": f"#!/bin/sh\nset -e\n{text}\n"}


@pytest.mark.parametrize(
    ("text", "expected", "whole"),
    [
        ("exec gunicorn -b :1 a", [1], True),
        ("python manage.py migrate && gunicorn -b :1 a", [1], True),
        ("python manage.py migrate || exit 1\ngunicorn -b :1 a", [1], True),
        ("./unknown.sh; gunicorn -b :1 a", [1], True),
        ("./unknown.sh & gunicorn -b :1 a", [1], False),
        ("gunicorn -b :1 a & ./unknown.sh", [1], False),
        ("gunicorn -b :1 a &\nuvicorn a:b --port 2 &\nwait -n", [1, 2], True),
        ("exec gunicorn -b :1 a &\nuvicorn a:b --port 2", [1, 2], True),
        ('[ -z "$1" ] && set -- web\ncase $1 in web) gunicorn -b :1 a;; esac', [1], True),
        ('C="$1"\n[ -z "$C" ] && C=x\ncase $C in x) gunicorn -b :1 a;; esac', [1], True),
        ('if [ -z "$1" ] || [ "$1" = web ]; then gunicorn -b :1 a; else x; fi', [1], True),
        # nothing runs after exec
        ("exec gunicorn -b :1 a\nexec gunicorn -b :2 a", [1], True),
        ("gunicorn -b :1 a | tee log", [1], True),
        ("until nc -z db 5432; do\n  sleep 1\ndone\ngunicorn -b :1 a", [1], True),
        ("while ! nc -z db 1; do sleep 1; done; gunicorn -b :1 a", [1], True),
        ("for x in 1 2; do echo $x; done\ngunicorn -b :1 a", [1], True),
        ("PORT=1\ngunicorn -b :$PORT a", [1], True),
        ("export PORT=1\ngunicorn a", [1], True),
        ("PORT=1\ngunicorn a", [8000], True),  # not exported
        ("PORT=1 gunicorn a", [1], True),
        (": ${PORT:=1}\ngunicorn -b :${PORT:-2} a", [2], True),
        ("export PORT=${PORT:-1}\ngunicorn a", [1], True),
        ("cd sub && gunicorn -b unix:a.sock a", ["/app/sub/a.sock"], True),
        ("gunicorn \\\n  --bind :1 \\\n  a # -b :2", [1], True),
        ("cat <<EOF\ngunicorn -b :2 a\nEOF\ngunicorn -b :1 a", [1], True),
        ("serve() {\n  exec gunicorn -b :$1 a\n}\nserve 1", [1], True),
        ('main() { gunicorn -b :1 a; }\nmain "$@"', [1], True),
        ('eval "gunicorn -b :1 a"', [1], True),
        ("gunicorn -b :$(cat port) a", [None], False),
        ("gunicorn -b :`cat port` a", [None], False),
        ("gunicorn -b :${PORT#x} a", [None], False),
        ('set -- gunicorn -b :1 a\nexec "$@"', [1], True),
        ("$SERVER -b :1", [], False),
        # what a condition decides that is not known may be or not
        (
            'if [ -n "$DEBUG" ]; then\n  gunicorn -b :1 a\nelse\n  gunicorn -b :2 a\nfi',
            [1, 2],
            False,
        ),
        ("if [ 1 = 1 ]; then gunicorn -b :1 a; else gunicorn -b :2 a; fi", [1], True),
        ("if [ 1 != 1 ]; then gunicorn -b :1 a; else gunicorn -b :2 a; fi", [2], True),
        ('[ "$MIGRATE" = 1 ] && python manage.py migrate\ngunicorn -b :1 a', [1], True),
        ("if test -f x; then ./migrate.sh; fi\ngunicorn -b :1 a", [1], True),
        ('[ -z "" ] && exec gunicorn -b :1 a\ngunicorn -b :2 a', [1], True),
        ("[ -f x ] && exec gunicorn -b :1 a\ngunicorn -b :2 a", [1, 2], False),
        ("[[ a == a && b == b ]] && exec gunicorn -b :1 a\ngunicorn -b :2 a", [1, 2], False),
        ("if ./check; then exit 0; fi\ngunicorn -b :1 a", [1], True),
        ("if [ -f x ]; then PORT=2; fi\nexport PORT\ngunicorn a", [None], False),
        ("exec {fd}<> <(:)\nexec gunicorn -b :1 a", [1], True),
        ("gunicorn -b :1 a > >(tee log) 2>&1", [1], True),
        (
            "(cd x; gunicorn -b unix:a.sock a) &\ngunicorn -b unix:b.sock a",
            ["/app/x/a.sock", "/app/b.sock"],
            True,
        ),
        ("if true; then gunicorn -b :1 a", [], False),
        ("gunicorn -b ':1 a", [], False),
    ],
)
def test_scripts(text: str, expected: list[object], whole: bool) -> None:
    found = start(["./start.sh"], files=script(text))

    assert ports(["./start.sh"], files=script(text)) == expected
    assert found.whole is whole


CASE = """\
case "$1" in
  web|"")
    exec gunicorn -b :${PORT:-1} a
    ;;
  asgi) exec uvicorn a:b --port 2 ;;
  worker*)
    exec celery -A a worker ;;
  *)
    exec "$@"
esac
"""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["web"], [1]),
        ([], [1]),
        (["asgi"], [2]),
        (["worker-1"], []),
        (["uvicorn", "a:b", "--port", "3"], [3]),
    ],
)
def test_the_arguments_of_a_script_decide(arguments: Sequence[str], expected: list[int]) -> None:
    command = ["./start.sh", *arguments]

    assert ports(command, files=script(CASE)) == expected
    assert start(command, files=script(CASE)).whole


@pytest.mark.parametrize(
    ("variables", "expected"), [({"MODE": "dev"}, [1]), ({"MODE": "x"}, [2]), ({}, [1, 2])]
)
def test_variables_decide_where_they_are_known(
    variables: Mapping[str, str], expected: list[int]
) -> None:
    text = 'if [ "$MODE" = "dev" ]; then gunicorn -b :1 a; else gunicorn -b :2 a; fi'

    assert ports(["./start.sh"], variables, script(text)) == expected


def test_what_two_branches_say_differently_of_one_address_is_unknown() -> None:
    text = "if [ -f x ]; then gunicorn -b :1 -t 30 a; else gunicorn -b :1 -t 90 -k gthread a; fi"
    found = start(["./start.sh"], files=script(text))

    assert [sorted(facts) for facts in found.listeners] == [["bind", "port", "protocol", "tls"]]


def test_the_place_is_the_line_of_the_script() -> None:
    text = "echo 'two\nlines'\ncat <<X\na\nX\nexec gunicorn \\\n  --bind :1 a"
    [facts] = said(start(["./start.sh"], files=script(text)))

    assert facts["port"].where == "start.sh:9"


@pytest.mark.parametrize(
    "command",
    [
        ["./start.sh"],
        ["start.sh"],
        ["sh", "start.sh"],
        ["bash", "-e", "/app/start.sh"],
        ["tini", "--", "/app/start.sh"],
        ["sh", "-c", "./start.sh"],
        ["sh", "-c", ". ./start.sh"],
    ],
)
def test_ways_to_run_a_script(command: Sequence[str]) -> None:
    files = script("exec gunicorn -b :1 a") | {"/usr/local/bin/start.sh": "exec gunicorn -b :1 a\n"}

    assert ports(command, files=files) == [1]


def test_a_script_that_only_the_build_folder_has() -> None:
    files = script("exec gunicorn -b :1 a")

    assert ports(["./start.sh"], files=files, copied=False) == [1]


@pytest.mark.parametrize("entry", ["docker-entrypoint.sh", "/docker-entrypoint.sh"])
def test_entry_points_of_images_hand_on(entry: str) -> None:
    assert ports([entry, "gunicorn", "-b", ":1", "a"]) == [1]
    assert ports(["bash", entry, "gunicorn", "-b", ":1", "a"]) == [1]
    assert not start([entry]).whole
    assert not start([entry, "--verbose"]).whole


def test_an_entry_point_of_the_repository_counts_more() -> None:
    files = {"/docker-entrypoint.sh": "#!/bin/bash\nexec gunicorn -b :2 a\n"}

    assert ports(["/docker-entrypoint.sh", "gunicorn", "-b", ":1", "a"], files=files) == [2]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("uvicorn a:b $MORE", [{"protocol": Said("http", "command")}]),
        (
            "uvicorn a:b $MORE --port 80",
            [{"protocol": Said("http", "command"), "port": Said(80, "command")}],
        ),
        ("flask run $MORE", [{"protocol": Said("http", "command")}]),
    ],
)
def test_an_argument_that_is_not_known_may_be_any_option(
    command: str, expected: list[dict[str, Said]]
) -> None:
    found = start(command)

    assert (said(found), found.whole) == (expected, False)


@pytest.mark.parametrize("name", ["JAVA_OPTS", "GUNICORN_EXTRA_ARGS", "UVICORN_OPTIONS", "flags"])
def test_options_that_nothing_sets_are_none(name: str) -> None:
    assert ports(f"uvicorn ${name} a:b") == [8000]
    assert ports(f"uvicorn ${name} a:b", {name: "--port 81"}) == [81]
    assert ports(f"uvicorn ${name} a:b", unknown=[name]) == [None]


def test_a_script_that_begins_with_empty_lines() -> None:
    """As one does that is written inline in another file."""
    [facts] = said(
        start(["./start.sh"], files={"start.sh": "\n\n  #!/bin/sh\n  exec gunicorn -b :1 a\n"})
    )

    assert facts["port"] == Said(1, "start.sh:4")
