"""Files and commands that are made to hurt end as unknown, soon and in silence."""

from __future__ import annotations

import json
import time

import pytest

from tests.declared.sources.commands.starting import start

DEEP = 100_000


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("./start.sh", {"start.sh": "./start.sh\n"}),
        ("./start.sh", {"start.sh": "./start.sh & ./start.sh & ./start.sh\n"}),
        ("./a.sh", {"a.sh": "./b.sh & ./b.sh &", "b.sh": "./a.sh & ./a.sh &"}),
        ("./start.sh", {"start.sh": ". ./start.sh\n"}),
        ("./start.sh", {"start.sh": "f() { f; f; }\nf\n"}),
        ("./start.sh", {"start.sh": 'x=\'eval "$x"\'\neval "$x"\n'}),
        ("./start.sh", {"start.sh": "(" * DEEP}),
        ("./start.sh", {"start.sh": "if x; then " * DEEP}),
        ("./start.sh", {"start.sh": "$(" * DEEP}),
        ("./start.sh", {"start.sh": "echo ${a:-" * DEEP}),
        ("./start.sh", {"start.sh": "a " * DEEP}),
        ("./start.sh", {"start.sh": "cat <<X\n" * 1000}),
        ("./start.sh", {"start.sh": "a=1${a}${a}\n" * 1000 + "gunicorn -b :$a a\n"}),
        ("./start.sh", {"start.sh": "\udcff\udcfe\n"}),
        ("./start.sh", {"start.sh": "a\\"}),
        ("npm start", {"package.json": "[" * DEEP}),
        ("npm start", {"package.json": '{"scripts": []}'}),
        ("npm start", {"package.json": "[]"}),
        (
            "npm start",
            {"package.json": json.dumps({"scripts": {"start": "npm start & npm start &"}})},
        ),
        ("npm start", {"package.json": json.dumps({"scripts": {"start": 1}})}),
        ("gunicorn a", {"gunicorn.conf.py": "bind = " + "(" * DEEP}),
        ("gunicorn a", {"gunicorn.conf.py": "bind = " + "-" * DEEP + "1"}),
        ("gunicorn a", {"gunicorn.conf.py": "bind = " + "a+" * 5000 + "a"}),
        ("gunicorn a", {"gunicorn.conf.py": "bind = '\\ud800'\n"}),
        ("gunicorn a", {"gunicorn.conf.py": "a = ['x'] * 10**9\n" * 10}),
        ("uwsgi u.ini", {"u.ini": "[uwsgi]\n" + "a = %(a)%(a)\n" * 200 + "socket = %(a)\n"}),
        ("uwsgi u.ini", {"u.ini": "[uwsgi]\nini = u.ini\nini = u.ini\n"}),
        ("uwsgi u.ini", {"u.ini": "[" * DEEP}),
        ("make", {"Makefile": "a: a\n\techo\n"}),
        ("make", {"Makefile": "A = $(A)$(A)\nx:\n\tgunicorn -b :$(A) a\n"}),
        ("make", {"Makefile": "\\\n" * DEEP}),
        ("supervisord", {"supervisord.conf": "[include]\nfiles = supervisord.conf\n"}),
        ("supervisord", {"supervisord.conf": "[program:a]\ncommand=supervisord\n"}),
        ("honcho start", {"Procfile": "web: honcho start\n"}),
        ("java -jar a.jar", {"application.yml": "server: &a [*a, *a]"}),
        ("java -jar a.jar", {"application.yml": "a: " + "[" * 5000}),
        ("java -jar a.jar", {"application.properties": "server.port=${server.port}\n"}),
        (
            "java -jar a.jar",
            {"application.properties": "server.port=${a}${a}\na=${b}${b}\nb=${a}\n"},
        ),
        ("catalina.sh run", {"/usr/local/tomcat/conf/server.xml": "<Connector " + 'a="' * 5000}),
        ("catalina.sh run", {"/usr/local/tomcat/conf/server.xml": "<!--" * 50_000}),
        ("caddy run", {"Caddyfile": "{" * DEEP}),
        ("caddy run", {"Caddyfile": "{$A:{$A:" * 5000}),
        ("dotnet a.dll", {"appsettings.json": '{"Kestrel": {"Endpoints": [1]}}'}),
        ("puma", {"config/puma.rb": "port ENV.fetch(" + "(" * 5000}),
        ("puma", {"config/puma.rb": 'bind "' + "#{" * 5000}),
        ("node a.js", {"a.js": ".listen(" * 20_000}),
        ("vite", {"vite.config.js": "port:" * 30_000}),
        ("vite", {"vite.config.js": "port" + " " * 190_000}),
        ("node a.js", {"a.js": "/* " * 50_000}),
        ("node a.js", {"a.js": "x" * 199_000}),
        ("node a.js", {"a.js": "x.listen(P)\n{" + "P " * 90_000}),
        ("node a.js", {"a.js": "x.listen(P)\n" + "const P: " * 20_000}),
        ("node a.js", {"a.js": "x.listen((" + "x" * 190_000}),
        ("caddy run", {"Caddyfile": "{$A:" * 50_000}),
        ("puma", {"config/puma.rb": "port " + "ENV[" * 50_000}),
        (
            "apachectl start",
            {"/etc/apache2/ports.conf": "Listen 1\n" + "<VirtualHost *:1>" * 20_000},
        ),
        ("mix phx.server", {"config/runtime.exs": "System.get_env(" * 50_000}),
        ("node a.js", {"a.js": "const p = q\nconst q = p\nx.listen(p)"}),
        ("node a.js", {"a.js": "x.listen(Number(" + "Number(" * 100}),
        ("python a.py", {"a.py": "x(" * DEEP}),
        ("python a.py", {"a.py": "\n".join(f"a.run({n})" for n in range(5000))}),
        ("hypercorn -c h.toml a", {"h.toml": "a = " + "[" * 5000}),
        ("mkdocs serve", {"mkdocs.yml": "\udcff"}),
    ],
)
def test_it_ends(command: str, files: dict[str, str]) -> None:
    begun = time.monotonic()
    found = start(command, files=files)

    assert time.monotonic() - begun < 5
    assert all("port" not in facts or facts["port"].value < 65_536 for facts in found.listeners)


@pytest.mark.parametrize(
    "words",
    [
        [""],
        ["--help"],
        ["sh", "-c"],
        ["sh", "-c", ""],
        ["sh"],
        ["sh", "-o"],
        ["env", "-u"],
        ["env", "-S"],
        ["tini", "--"],
        ["gunicorn", "-b"],
        ["gunicorn", "-b", ""],
        ["gunicorn", "-b", ":99999"],
        ["gunicorn", "-b", ":0"],
        ["gunicorn", "-b", ":٣"],
        ["gunicorn", "-t", "9" * 5000],
        ["uvicorn", "--port", "-1"],
        ["uwsgi", "--socket"],
        ["uwsgi", "-"],
        ["npm"],
        ["npm", "run"],
        ["yarn"],
        ["npx"],
        ["npx", "-p"],
        ["make", "-C"],
        ["java"],
        ["java", "-jar"],
        ["dotnet"],
        ["php", "-S"],
        ["php", "artisan"],
        ["python", "-m"],
        ["python", "-W"],
        ["bundle"],
        ["bundle", "exec"],
        ["rails"],
        ["caddy"],
        ["serve", "-l"],
        ["nodemon"],
        ["nodemon", "--exec"],
        ["concurrently"],
        ["su", "-c"],
        ["poetry", "run"],
        ["daphne", "-e", ":"],
        ["memcached", "-s"],
        ["service", "nginx"],
        ["\x00"],
        ["a\nb\x1b[31m"],
        ["x"] * 10_000,
    ],
)
def test_words_that_lack_something(words: list[str]) -> None:
    found = start(words)

    assert all(
        isinstance(facts.get("port"), type(None)) or 0 < facts["port"].value < 65_536
        for facts in found.listeners
    )
