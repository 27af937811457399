from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from lint502.probing.answers import Answer
from lint502.probing.asking import ask
from lint502.probing.socket_files import facts as facts_of
from tests.support.probes import QUICK, found
from tests.support.sites import write

CONF = "events {{}}\nhttp {{ server {{ location / {{ proxy_pass http://unix:{path}; }} }} }}\n"


def answers(folder: Path, path: Path, claims: str) -> dict[str, Answer]:
    spec = f'[upstream.api]\nsocket = {{ path = "{path}", {claims} }}\n'
    write(folder, {"nginx.conf": CONF.format(path=path), "upstreams.toml": spec})
    (subject,) = found(folder).subjects
    return {one.key: one for one in ask(subject, QUICK).answers}


@pytest.fixture
def listening(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    path = folder / "api.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    path.chmod(0o660)
    folder.chmod(0o710)
    return path


def test_who_may_open_it(listening: Path, tmp_path: Path) -> None:
    user = next(one.value for one in facts_of(str(listening)) if one.key == "socket.owner")
    right = f'mode = "0660", owner = "{user}", directory = {{ mode = "0710" }}'
    found = answers(tmp_path, listening, right)
    keys = ("socket", "socket.mode", "socket.owner", "socket.directory")
    assert {key: found[key].agreement for key in keys} == dict.fromkeys(keys, "agrees")
    folders = found["socket.directories"].seen.value
    assert [one.path for one in folders] == [str(one) for one in listening.parents]
    wrong = 'mode = "0666", owner = "nobody-else", directory = { mode = "0755" }'
    found = answers(tmp_path, listening, wrong)
    assert {key: found[key].agreement for key in keys} == {
        "socket": "agrees",
        "socket.mode": "differs",
        "socket.owner": "differs",
        "socket.directory": "differs",
    }
    assert (found["socket.mode"].seen.text, found["connects"].agreement) == ("0660", "differs")


def test_there_is_none(tmp_path: Path) -> None:
    found = answers(tmp_path, tmp_path / "none.sock", 'mode = "0660"')
    assert (found["socket"].agreement, found["socket"].seen.text) == (
        "differs",
        "No such file or directory (2)",
    )
    assert found["socket.mode"].agreement == "not seen"


def test_something_else_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    path.write_text("")
    assert answers(tmp_path, path, 'mode = "0660"')["socket"].seen.text == "no socket"
    path.unlink()
    path.symlink_to(path)
    assert answers(tmp_path, path, 'mode = "0660"')["socket"].agreement == "differs"


def test_a_folder_that_is_closed_to_this_user(
    listening: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "lstat", refused)
    monkeypatch.setattr(os, "access", lambda path, _: str(path) in str(listening.parents[1]))
    (one,) = facts_of(str(listening))
    assert (one.wrong, one.why) == (False, f"this user may not look: {listening.parent}")
