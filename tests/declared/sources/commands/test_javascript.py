"""Frameworks and scripts of JavaScript, and what ``package.json`` starts."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lint502.declared.sources.commands import package_scripts
from lint502.declared.sources.commands.calls import Call, Next, Surroundings
from lint502.declared.sources.commands.words import Word
from lint502.deployment.filesystem import ContainerFiles
from lint502.deployment.repository import Repository
from lint502.places import Place
from tests.declared.sources.commands.starting import Said, listeners, ports, said, start

ALL = ("0.0.0.0",)
PLACE = Place("command", 1, 1, 2)


@pytest.mark.parametrize(
    ("command", "variables", "expected"),
    [
        ("next start", {}, ("next", 3000, ALL)),
        ("next start -p 80 -H 127.0.0.1", {}, ("next", 80, ("127.0.0.1",))),
        ("npx next start", {"PORT": "81"}, ("next", 81, ALL)),
        ("node_modules/.bin/next start", {}, ("next", 3000, ALL)),
        ("node node_modules/next/dist/bin/next start -p 82", {}, ("next", 82, ALL)),
        ("vite", {}, ("node", 5173, ("localhost",))),
        ("vite --host", {}, ("node", 5173, ALL)),
        ("vite preview --port 83 --host 0.0.0.0", {}, ("node", 83, ALL)),
        ("vite preview", {}, ("node", 4173, ("localhost",))),
        ("serve -s build", {}, ("node", 3000, None)),
        ("serve -s build -l 84", {}, ("node", 84, None)),
        ("npx serve@14 -l tcp://0.0.0.0:85", {}, ("node", 85, ALL)),
        ("serve", {"PORT": "86"}, ("node", 86, None)),
        ("http-server dist", {}, ("node", 8080, None)),
        ("http-server -p 87 -a 127.0.0.1", {}, ("node", 87, ("127.0.0.1",))),
        ("react-scripts start", {"PORT": "88"}, ("node", 88, ALL)),
        ("ng serve --host 0.0.0.0", {}, ("node", 4200, ALL)),
        ("gatsby develop -H 0.0.0.0", {}, ("node", 8000, ALL)),
        ("gatsby serve", {}, ("node", 9000, ("localhost",))),
        ("docusaurus serve --port 91", {}, ("node", 91, ("localhost",))),
        ("webpack serve --host 0.0.0.0", {}, ("node", 8080, ALL)),
        ("vue-cli-service serve", {}, ("node", 8080, ALL)),
        ("react-router-serve ./build/server/index.js", {"PORT": "89"}, ("node", 89, None)),
        ("node .output/server/index.mjs", {}, ("node", 3000, None)),
        ("node .output/server/index.mjs", {"NITRO_PORT": "90", "PORT": "1"}, ("node", 90, None)),
    ],
)
def test_frameworks(
    command: str, variables: Mapping[str, str], expected: tuple[str, int, Any]
) -> None:
    [facts] = listeners(command, variables)

    assert (facts["server"], facts["port"], facts.get("bind")) == expected
    assert facts["protocol"] == "http"


@pytest.mark.parametrize(
    "command", ["next build", "vite build", "nuxt generate", "tsc", "ng build"]
)
def test_what_builds_listens_at_nothing(command: str) -> None:
    found = start(command)

    assert (found.listeners, found.whole) == ((), True)


@pytest.mark.parametrize(
    ("command", "file"),
    [("vite", "vite.config.ts"), ("ng serve", "angular.json"), ("nuxt dev", "nuxt.config.ts")],
)
def test_a_configuration_may_set_another_port(command: str, file: str) -> None:
    default = ports(command)

    assert ports(command, files={file: "export default {}"}) == default
    assert ports(command, files={file: "{ port: 3000 } // port"}) == [3000]
    assert ports(command, files={file: "{ port: find() }"}) == [None]
    assert ports(command, files={file: "{ port: 1, b: { port: 2 } }"}) == [None]
    assert ports(f"{command} --port 4", files={file: "{ port: 3000 }"}) == [4]


def test_vites_configuration() -> None:
    files = {"vite.config.ts": "export default {\n  server: { host: true, port: 3000 },\n}\n"}

    assert said(start("vite", files=files)) == [
        {
            "server": Said("node", "command"),
            "protocol": Said("http", "command"),
            "port": Said(3000, "vite.config.ts:2"),
            "bind": Said(ALL, "vite.config.ts:2"),
        }
    ]
    assert ports("vite preview", files=files) == [None]


def test_serve_may_be_an_argument_of_an_entry_point() -> None:
    found = start(["serve", "--no-client"], image="acme/tool", built=False)

    assert (found.listeners, found.whole) == ((), False)


LISTENS = "const app = express();\n{}\n"


@pytest.mark.parametrize(
    ("line", "variables", "expected"),
    [
        ("app.listen(3001)", {}, Said(3001, "server.js:2")),
        ("app.listen(3001, '0.0.0.0', () => {})", {}, Said(3001, "server.js:2")),
        ("app.listen(process.env.PORT || 3002)", {}, Said(3002, "server.js:2")),
        ("app.listen(process.env.PORT || 3002)", {"PORT": "80"}, Said(80, "$PORT")),
        ("app.listen(process.env['PORT'] ?? '3002')", {}, Said(3002, "server.js:2")),
        ("const port = +process.env.PORT || 3003\napp.listen(port)", {}, Said(3003, "server.js:2")),
        ("app.listen(Number(process.env.PORT) || 3004)", {}, Said(3004, "server.js:2")),
        ("app.listen(parseInt(process.env.APP, 10) || 3004)", {"APP": "8"}, Said(8, "$APP")),
        (
            "app.set('port', process.env.PORT || 7)\napp.listen(app.get('port'))",
            {},
            Said(7, "server.js:2"),
        ),
        (
            "var p = normalizePort(process.env.PORT || '8');\ns.listen(p);",
            {},
            Said(8, "server.js:2"),
        ),
        ("const { PORT = 9 } = process.env\napp.listen(PORT)", {}, Said(9, "server.js:2")),
        ("const { PORT } = process.env\napp.listen(PORT || 10)", {}, Said(10, "server.js:3")),
        ("const { PORT } = process.env\napp.listen(PORT || 10)", {"PORT": "5"}, Said(5, "$PORT")),
        ("const port = process.env.PORT\napp.listen(port ?? 11)", {}, Said(11, "server.js:3")),
        ("app.listen({ port: 3005, host: '0.0.0.0' })", {}, Said(3005, "server.js:2")),
        ("// app.listen(1)\napp.listen(3006)", {}, Said(3006, "server.js:3")),
    ],
)
def test_a_script_that_listens(line: str, variables: Mapping[str, str], expected: Said) -> None:
    found = start("node server.js", variables, {"server.js": LISTENS.format(line)})

    assert said(found) == [
        {
            "port": expected,
            "server": Said("express", "command"),
            "protocol": Said("http", "command"),
        }
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app.listen(1)\nother.listen(2)", []),
        ("app.listen(config.port)", []),
        ("app.listen(config.port || 3000)", []),
        ("app.listen(find() || 3000)", []),
        ("app.listen(offset(3000))", []),
        ("let p = 1; p = 2\nvar p = 3\napp.listen(p)", []),
        ("import './app'", []),
    ],
)
def test_a_script_that_listens_elsewhere_is_unknown(text: str, expected: list[object]) -> None:
    found = start("node server.js", {}, {"server.js": text})

    assert (found.listeners, found.whole) == ((), False)


def test_port_is_but_a_hint_where_nothing_is_seen_to_read_it() -> None:
    assert said(start("node dist/main.js", {"PORT": "80"})) == [{"port": Said(80, "hint $PORT")}]
    assert said(start("/app/server", {"PORT": "80", "DB_PORT": "5432"})) == [
        {"port": Said(80, "hint $PORT")}
    ]


def test_rocket_alone_reads_its_variables() -> None:
    found = start("/app/server", {"ROCKET_PORT": "80", "ROCKET_ADDRESS": "0.0.0.0", "PORT": "1"})

    assert said(found) == [
        {
            "server": Said("rocket", "$ROCKET_PORT"),
            "protocol": Said("http", "$ROCKET_PORT"),
            "port": Said(80, "$ROCKET_PORT"),
            "bind": Said(ALL, "$ROCKET_ADDRESS"),
        }
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("https.createServer(o, app).listen(3001)", {"port": 3001}),
        ("const s = app.listen(3001); s.keepAliveTimeout = 1", {"port": 3001, "protocol": "http"}),
    ],
)
def test_what_a_script_may_do_besides(line: str, expected: dict[str, Any]) -> None:
    assert listeners("node server.js", {}, {"server.js": LISTENS.format(line)}) == [expected]


def package(**scripts: str) -> dict[str, str]:
    return {"package.json": json.dumps({"name": "x", "scripts": scripts}, indent=1)}


SERVE = package(start="serve")["package.json"]


@pytest.mark.parametrize(
    ("command", "files", "expected"),
    [
        ("npm start", package(start="next start -p 80"), [80]),
        ("npm run prod", package(prod="serve -l 81"), [81]),
        ("npm run dev -- --port 82", package(dev="vite"), [82]),
        ("yarn start", package(start="vite --port 83"), [83]),
        ("yarn run start --port 84", package(start="vite"), [84]),
        ("pnpm dev", package(dev="next dev"), [3000]),
        ("bun run dev", package(dev="vite"), [5173]),
        ("yarn vite --port 85", package(), [85]),
        ("npm start", package(prestart="node build.js", start="serve -l 86"), [86]),
        ("npm start", package(start="npm run a && npm run b", a="tsc", b="serve"), [3000]),
        ("npm start", {**package(start="node ."), "index.js": "x.listen(87)"}, [87]),
        ("npm start", package(start="cross-env PORT=88 next start"), [88]),
        ("npm start", package(start="PORT=89 next start"), [89]),
        ("npm start", {**package(), "server.js": "x.listen(90)"}, [90]),
        (
            "npm run all",
            package(all='concurrently "npm:api" "vite --port 91"', api="serve -l 92"),
            [92, 91],
        ),
        ("npm run all", package(all="run-p a b", a="serve -l 1", b="serve -l 2"), [1, 2]),
        (
            "npm --prefix web start",
            {"web/package.json": package(start="serve")["package.json"]},
            [3000],
        ),
        ("nodemon server.js", {"server.js": "x.listen(93)"}, [93]),
        ("nodemon --watch src --exec 'ts-node src/a.ts'", {"src/a.ts": "x.listen(94)"}, [94]),
        ("pm2-runtime server.js", {"server.js": "x.listen(95)"}, [95]),
        ("nest start", {"src/main.ts": "await app.listen(process.env.PORT ?? 3000);"}, [3000]),
        ("deno serve --port 96 a.ts", {}, [96]),
        ("deno serve a.ts", {}, [8000]),
        ("deno run -A a.ts", {"a.ts": "Deno.serve({ port: 97 }, f)"}, [97]),
        ("bun run a.ts", {**package(), "a.ts": "Bun.serve({ port: 98, fetch })"}, [98]),
        ("bun a.ts", {"a.ts": "new Elysia().listen(99)"}, [99]),
        (
            "npm start --prefix web",
            {"web/package.json": package(start="serve")["package.json"]},
            [3000],
        ),
        # npm takes an option for its own that stands before --
        ("npm run dev --port 82", package(dev="next dev"), [3000]),
        ("npm ci", package(), []),
    ],
)
def test_packages(command: str, files: Mapping[str, str], expected: list[int]) -> None:
    assert ports(command, files=files) == expected


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("npm start", {}),
        ("npm start", {"package.json": "{"}),
        ("npm start", package(start="npm start")),
        ("npm run a", package(a="npm run b", b="npm run a")),
        ("pnpm --filter web start", package(start="serve")),
        ("pm2-runtime ecosystem.config.js", {}),
        ("npm run all", package(all="concurrently 'npm:dev:*'")),
    ],
)
def test_what_cannot_be_followed_is_unknown(command: str, files: Mapping[str, str]) -> None:
    found = start(command, files=files)

    assert (found.listeners, found.whole) == ((), False)


def test_the_place_is_the_script() -> None:
    [facts] = said(start("npm start", files=package(start="next start -p 80")))

    assert facts["port"] == Said(80, "package.json:4")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
@pytest.mark.parametrize(
    "words", ["--port 82", "--port=82 x", "x --flag", "-- --port 82", "-p 82 x", "x -- -p 1"]
)
def test_npm_itself_hands_on_the_same(words: str, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text(json.dumps({"scripts": {"dev": "echo GIVEN"}}))
    ran = subprocess.run(
        ["npm", "run", "dev", *words.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    given = ran.splitlines()[-1].removeprefix("GIVEN").split()
    call = Call(
        tuple(Word(text, PLACE) for text in ("npm", "run", "dev", *words.split())),
        {},
        str(tmp_path),
        Surroundings(ContainerFiles(Repository(tmp_path), ()), str(tmp_path), str(tmp_path)),
    )
    found = package_scripts.PROGRAMS["npm"](call)

    assert isinstance(found, Next)
    assert found.texts[0].text.removeprefix("echo GIVEN").split() == given
