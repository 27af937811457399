from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tests.support.cli import Run

SAMPLE = Path(__file__).parents[2] / "sample_configs" / "node-api"
REFUSED = (
    "2026/05/01 12:00:0{n} [error] 7#7: *{n} connect() failed (111: Connection refused) while "
    "connecting to upstream, client: 192.0.2.1, server: shop.example, request: "
    '"GET {path} HTTP/1.1", upstream: "http://127.0.0.1:{port}{path}", host: "shop.example"\n'
)
NO_CONFIGURATION = (
    "note: no nginx configuration is found here, so that the logs alone are read; --root names "
    "one, such as --root /etc/nginx/nginx.conf\n"
)


def refused(n: int, path: str = "/a", port: int = 3000) -> str:
    return REFUSED.format(n=n, path=path, port=port)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "error.log"
    path.write_text(refused(1) + refused(2, "/b?c=d") + refused(3, port=4000), encoding="utf-8")
    return path


@pytest.mark.usefixtures("log")
def test_the_log_alone(run: Run) -> None:
    code, out, err = run("diagnose", "error.log")
    assert (code, err) == (1, NO_CONFIGURATION)
    first, *_ = out.split("\n\n")
    assert first == "3 failures of 1 cause from 2026-05-01 12:00:01 to 2026-05-01 12:00:03"
    assert "\n2 times  refused  ·  502  ·  http://127.0.0.1:3000\n" in out
    assert "\nonce  refused  ·  502  ·  http://127.0.0.1:4000\n" in out
    assert "  asked GET; /a 1, /b 1; 1 client\n" in out
    assert "  hop " not in out
    assert "  more  lint502 explain port-mismatch\n" in out


def test_nothing_failed(run: Run, tmp_path: Path) -> None:
    notice = "2026/05/01 12:00:01 [notice] 7#7: signal process started\n"
    (tmp_path / "error.log").write_text(notice, encoding="utf-8")
    code, out, _ = run("diagnose", "error.log")
    assert code == 0
    assert out.startswith("no failure of an upstream\n  a 502 that clients got all the same")
    assert out.endswith("\n\n1 record of other matters\n")


ACCESS = '192.0.2.1 - - [01/May/2026:12:00:00 +0000] "GET / HTTP/1.1" 502 0 "-" "-"\n'


@pytest.mark.parametrize("text", ["garbage\n\x1b[31m\n", ACCESS], ids=["garbage", "access"])
def test_what_is_no_error_log(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "some.log").write_text(text, encoding="utf-8")
    code, out, err = run("diagnose", "some.log")
    assert (code, out.splitlines()[0]) == (2, "nothing was read")
    assert err == NO_CONFIGURATION + (
        "error: some.log: no line is a record of nginx's error log; an access log is named with "
        "--access-log\n"
    )


def test_an_empty_log(run: Run, tmp_path: Path) -> None:
    (tmp_path / "error.log").touch()
    assert run("diagnose", "error.log").code == 0


def test_a_message_that_is_not_known(run: Run, tmp_path: Path) -> None:
    line = refused(1).replace("connect() failed (111: Connection refused)", "a riddle of {} bytes")
    text = line.format(7) + line.format(8) + line.format(9).replace("[error]", "[info]")
    (tmp_path / "error.log").write_text(text, encoding="utf-8")
    code, out, _ = run("diagnose", "error.log", "--format", "json")
    value = json.loads(out)
    found = [(one["kind"], one["failure"], one["count"]) for one in value["groups"]]
    kind = "a riddle of … bytes while connecting to upstream"
    assert found == [(kind, True, 2), (kind, False, 1)]
    assert (code, value["totals"]["unknown"]) == (1, 3)


def test_with_its_configuration(run: Run, tmp_path: Path) -> None:
    shutil.copytree(SAMPLE / "broken", tmp_path / "site")
    shutil.copy(SAMPLE / "upstreams.toml", tmp_path)
    log = str(SAMPLE / "logs" / "error.log")
    code, out, _ = run("diagnose", log, "--root", "site/nginx.conf", "--format", "json")
    value = json.loads(out)
    assert (code, value["roots"]) == (1, ["site/nginx.conf"])
    found = [
        (
            one["cause"],
            one["upstream"],
            one["hop"] and (one["hop"]["file"], one["hop"]["line"], one["hop"]["request"]),
            one["root"] and one["root"]["rule"],
            one["count"],
        )
        for one in value["groups"]
    ]
    server = "api.orders.example"
    assert found == [
        (
            "refused",
            "http://127.0.0.1:3010",
            ("site/nginx.conf", 74, f"{server} /v1/events/"),
            "port-mismatch",
            14,
        ),
        (
            "refused",
            "http://127.0.0.1:3200",
            ("site/nginx.conf", 81, f"{server} /v1/session"),
            "bind-mismatch",
            6,
        ),
        (
            "closed-early",
            "http://127.0.0.1:3300",
            ("site/nginx.conf", 89, f"{server} /v1/uploads/"),
            "keepalive-race",
            3,
        ),
    ]


def test_merged_is_the_same_as_one_run(run: Run, tmp_path: Path) -> None:
    logs = {"a.log": refused(1) + refused(2, "/b"), "b.log": refused(3) + refused(4, port=4000)}
    for name, text in logs.items():
        (tmp_path / name).write_text(text + "no record\n", encoding="utf-8")
        saved = run("diagnose", name, "--format", "json").out
        (tmp_path / f"{name}.json").write_text(saved, encoding="utf-8")
    merged = run("diagnose", "--merge", "a.log.json", "b.log.json", "--format", "json")
    together = run("diagnose", "a.log", "b.log", "--format", "json")
    assert merged == (1, together.out, "")
    assert run("diagnose", "--merge", "a.log.json", "b.log.json").out == (
        run("diagnose", "a.log", "b.log").out
    )


def test_access_logs(run: Run, log: Path, tmp_path: Path) -> None:
    request = '192.0.2.1 - - [01/May/2026:12:00:02 +0000] "GET {} HTTP/1.1" {} 5 "-" "curl"\n'
    text = request.format("/b?c=d", 502) + request.format("/x", 502) + request.format("/", 200)
    (tmp_path / "access.log").write_text(f"{text}no request\n", encoding="utf-8")
    out = run("diagnose", str(log), "--access-log", "access.log").out
    assert "  got   502 in 1\n" in out
    assert (
        "\n\naccess log\n  3 requests: 502 in 2, 200 in 1\n  no line in the error log: 502 in 1"
        in (out)
    )
    assert "\n  1 line of none of the formats that are known" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Invalid value for LOG: name a log, a directory of logs, or -"),
        (("error.log", "--root", "nowhere.conf"), "nowhere.conf"),
        (("--merge", "error.log"), "error.log is no JSON"),
        (("--merge", "a.json", "--follow"), "Invalid value for --follow"),
        (("--merge", "a.json", "--root", "nginx.conf"), "Invalid value for --root"),
        (("-", "--root", "-"), "standard input is the log already"),
        (("error.log", "--export", "duckdb"), "Invalid value for LOG: what an engine takes is of"),
        (("--export", "duckdb", "--follow"), "Invalid value for --follow"),
        (("--export", "duckdb", "--merge"), "Invalid value for --merge"),
        (("--export", "duckdb", "--root", "nginx.conf"), "Invalid value for --root"),
        (("--export", "duckdb", "--specs", "a.toml"), "Invalid value for --specs"),
        (("--export", "duckdb", "--no-derive"), "Invalid value for --derive"),
        (("--export", "duckdb", "--format", "json"), "Invalid value for --format"),
        (("--export", "duckdb", "--jobs", "2"), "Invalid value for --jobs"),
        (("--export", "splunk"), "'lnav', 'lnav-sql', 'duckdb', 'clickhouse'"),
        (("error.log", "--since", "tomorrow"), "Invalid value for --since"),
        (("nowhere.log",), "nowhere.log"),
        (("error.log", "--access-log", "nowhere.log"), "nowhere.log"),
    ],
)
@pytest.mark.usefixtures("log")
def test_what_cannot_be_done(run: Run, arguments: tuple[str, ...], said: str) -> None:
    code, _, err = run("diagnose", *arguments)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("engine", "beginning"),
    [
        ("lnav", '{\n  "$schema": "https://lnav.org/schemas/format-v1.schema.json",'),
        ("lnav-sql", "-- What nginx's error logs say of upstreams: causes as `lint502 diagnose`"),
        ("duckdb", "-- What nginx's error logs say of upstreams: causes as `lint502 diagnose`"),
        ("clickhouse", "-- What nginx's error logs say of upstreams: causes as `lint502 diagnose`"),
    ],
)
def test_an_export(run: Run, engine: str, beginning: str) -> None:
    code, out, err = run("diagnose", "--export", engine)
    assert (code, err) == (0, "")
    assert out.startswith(beginning)
    assert out.isascii()
    assert out == run("diagnose", "--export", engine).out


def test_several_processes_say_the_same(run: Run, tmp_path: Path) -> None:
    shutil.copytree(SAMPLE / "broken", tmp_path / "site")
    shutil.copy(SAMPLE / "upstreams.toml", tmp_path)
    lines = (SAMPLE / "logs" / "error.log").read_text(encoding="utf-8")
    (tmp_path / "error.log").write_text(lines * 4000, encoding="utf-8")
    arguments = ("diagnose", "error.log", "--root", "site/nginx.conf", "--format", "json")
    alone = run(*arguments)
    assert json.loads(alone.out)["groups"][0]["count"] == 14 * 4000
    assert run(*arguments, "--jobs", "2") == alone


def until_read(process: int, log: Path) -> None:
    """Wait until a process has read a log to its end."""
    size, folder = log.stat().st_size, Path(f"/proc/{process}")
    for _ in range(600):
        for one in (folder / "fd").iterdir():
            with contextlib.suppress(OSError):
                if one.samefile(log) and f"pos:\t{size}\n" in (
                    folder / "fdinfo" / one.name
                ).read_text(encoding="ascii"):
                    return
        time.sleep(0.1)
    raise AssertionError("it is not read")


def test_a_log_that_grows(tmp_path: Path) -> None:
    log = tmp_path / "error.log"
    log.write_text(refused(1), encoding="utf-8")
    command = [sys.executable, "-m", "lint502", "diagnose", "error.log", "--follow"]
    with subprocess.Popen(
        [*command, "--format", "json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # whatever it inherits
    ) as process:
        try:
            assert process.stderr is not None
            assert b"the logs alone are read" in process.stderr.readline()
            until_read(process.pid, log)
            log.rename(tmp_path / "error.log.1")
            log.write_text(refused(2), encoding="utf-8")
            until_read(process.pid, log)
            time.sleep(2)  # what is read is counted by then
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, json.loads(out)["groups"][0]["count"]) == (1, 2)


def test_a_configuration_with_problems_is_said_and_the_logs_are_read(
    run: Run, tmp_path: Path, log: Path
) -> None:
    includes = "".join(f"include missing-{n}.conf;\n" for n in range(30))
    text = f"events {{}}\nhttp {{ server {{ listen 80;\n{includes} }} }}\n"
    (tmp_path / "nginx.conf").write_text(text, encoding="utf-8")
    code, out, err = run("diagnose", str(log), "--root", "nginx.conf")
    assert code == 2
    assert out.startswith("3 failures of 1 cause")
    assert "  hop   unknown: no server of the configuration is called" in out
    assert err.count("error: nginx.conf:") == 20
    assert err.endswith("error: and 10 more problems\n")


def test_hostile_lines(run: Run, tmp_path: Path) -> None:
    lines = [
        b"\x1b]0;x\x07\x00\xff" * 100,
        b"2026/05/01 12:00:01 [error] 7#7: *1 \x1b[2J##[error]x\n::error::x",
        b"2026/99/99 99:99:99 [error] 7#7: *1 connect() failed",
        b"x" * 5_000_000,
        refused(1).encode().replace(b"/a HTTP", b"/\x1b[31m##[x]\xff HTTP"),
    ]
    (tmp_path / "error.log").write_bytes(b"\n".join(lines))
    for format in ("text", "json", "markdown", "html"):
        code, out, err = run("diagnose", "error.log", "--format", format)
        assert code in (0, 1), err
        assert "\x1b" not in out
        assert "##[" not in out
