from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from lint502.probing import asking
from lint502.probing.listening import Listening, listening
from tests.support.probes import QUICK, asked, free_port

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
LINE = (
    "   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 {inode} 1\n"
)


def test_this_process_is_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        (one,) = (one for one in listening() if one.port == port)
    assert (one.ip, one.pid) == ("127.0.0.1", os.getpid())
    assert one.name.startswith("python")


def proc(folder: Path, lines: str) -> Path:
    (folder / "net").mkdir(parents=True)
    (folder / "net/tcp").write_text(HEADER + lines)
    return folder


def test_addresses_are_in_the_order_of_the_machine(tmp_path: Path) -> None:
    text = LINE.format(address="0100007F:1F90", state="0A", inode=7)
    text += LINE.format(address="0100007F:1F91", state="01", inode=8)
    (proc(tmp_path, text) / "net/tcp6").write_text(
        HEADER + LINE.format(address="0" * 32 + ":0050", state="0A", inode=9)
    )
    (tmp_path / "12/fd").mkdir(parents=True)
    (tmp_path / "12/fd/3").symlink_to("socket:[7]")
    (tmp_path / "12/cmdline").write_bytes(b"/usr/bin/python3\0-m\0gunicorn\0--secret=1\0")
    assert listening(tmp_path) == (
        Listening("::", 80),
        Listening("127.0.0.1", 8080, 12, "python3 gunicorn"),
    )


def test_what_is_no_proc_says_nothing(tmp_path: Path) -> None:
    assert listening(tmp_path) == ()
    assert listening(proc(tmp_path / "x", "garbage\n\x00\n" + "0A " * 20)) == ()


def test_the_declared_process_listens_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = (Listening("127.0.0.1", 3001, 12, "node server.js"),)
    monkeypatch.setattr(asking, "listening", lambda: there)
    one = asked(tmp_path, 'server = "node"', free_port(), QUICK)
    (connects,) = (one for one in one.answers if one.key == "connects")
    assert connects.seen.why == (
        "nothing listens there; node server.js (pid 12) listens on 127.0.0.1:3001"
    )


def test_it_listens_at_another_address(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.2", 0)) as listener:
        one = asked(tmp_path, "", listener.getsockname()[1], QUICK)
    (connects,) = (one for one in one.answers if one.key == "connects")
    assert connects.seen.why.startswith(
        f"port {connects.claimed.value} is bound at other addresses: 127.0.0.2: python"  # type: ignore[union-attr]
    )
