"""What is written is written whole, all of it or nothing, and to nowhere that a link of the
checkout leads to."""

from __future__ import annotations

import os
import signal
import stat
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lint502.cli import writing
from lint502.cli.writing import Change, UnwritableError, change_all, write_whole
from tests.support.canned import CLEAN
from tests.support.cli import Asked, Run
from tests.support.signals import interrupts

NAMES = ("a.conf", "b.conf", "c.conf")
OLD, NEW = b"old\n", b"new, and longer\n"


@pytest.fixture
def changes(tmp_path: Path) -> list[Change]:
    """Changes of three files, which are there as they are before."""
    for name in NAMES:
        (tmp_path / name).write_bytes(OLD)
    return [Change(name, str(tmp_path / name), OLD, NEW) for name in NAMES]


def texts(folder: Path) -> dict[str, bytes]:
    """All that is in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_all_are_written(changes: list[Change], tmp_path: Path) -> None:
    change_all(changes)
    assert texts(tmp_path) == dict.fromkeys(NAMES, NEW)


Break = Callable[[Path], None]


def edited(path: Path) -> None:
    path.write_bytes(b"somebody\n")


def saved(path: Path) -> None:
    """As editors save: a new file in the place of the old one."""
    other = path.parent.parent / "other"
    other.write_bytes(b"somebody\n")
    other.replace(path)


@pytest.mark.parametrize("edit", [edited, saved])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("call", range(3))
@pytest.mark.parametrize("function", ["mkstemp", "fsync", "link"])
def test_an_edit_at_any_moment_is_not_lost(
    changes: list[Change],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    edit: Break,
    name: str,
    call: int,
    function: str,
) -> None:
    """Before the first file is replaced, nothing is."""
    holder = tempfile if function == "mkstemp" else os
    original = getattr(holder, function)
    calls = []

    def while_it_prepares(*arguments: object, **named: object) -> object:
        calls.append(1)
        if len(calls) == call + 1:
            edit(tmp_path / name)
        return original(*arguments, **named)

    monkeypatch.setattr(holder, function, while_it_prepares)
    with pytest.raises(UnwritableError, match=f"^cannot write {name}: somebody has changed it"):
        change_all(changes)
    assert texts(tmp_path) == {**dict.fromkeys(NAMES, OLD), name: b"somebody\n"}


@pytest.mark.parametrize("name", NAMES)
def test_an_edit_while_files_are_replaced(
    changes: list[Change], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Those that are replaced already are put back; so is what is written into a file just before
    it is replaced."""
    original = Path.replace

    def slow(self: Path, target: str) -> Path:
        if Path(target).name == name and self.read_bytes() == NEW:
            with Path(target).open("ab") as file:
                file.write(b"more\n")
        return original(self, target)

    monkeypatch.setattr(Path, "replace", slow)
    with pytest.raises(UnwritableError, match=f"^cannot write {name}: somebody has changed it"):
        change_all(changes)
    assert texts(tmp_path) == {**dict.fromkeys(NAMES, OLD), name: OLD + b"more\n"}


def test_without_hard_links_copies_are_kept(
    changes: list[Change], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", unsupported)
    (tmp_path / "c.conf").chmod(0o604)
    monkeypatch.setattr(writing, "_sync_folder", lambda _: (tmp_path / "c.conf").unlink())
    original = Path.replace

    def failing(self: Path, target: str) -> Path:
        if Path(target).name == "c.conf":
            raise OSError(5, "Input/output error")
        return original(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(
        UnwritableError, match=r"^cannot write c\.conf: Input/output error; nothing"
    ):
        change_all(changes)
    assert texts(tmp_path) == dict.fromkeys(NAMES, OLD)


KILLED = """\
import os, signal, sys, tempfile
from pathlib import Path
from lint502.cli.writing import Change, change_all, write_whole

number, at, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
left = [at]


def hurt(holder, name):
    original = getattr(holder, name)

    def function(*arguments, **named):
        for when in (0, 1):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), number)
            if not when:
                result = original(*arguments, **named)
        return result

    setattr(holder, name, function)


hurt(tempfile, "mkstemp")
hurt(Path, "replace")
for name in ("fsync", "fchmod", "link"):
    hurt(os, name)
os.chdir(folder)
if sys.argv[4:]:
    write_whole("a.conf", "new, and longer\\n")
else:
    paths = [str(folder / name) for name in ("a.conf", "b.conf", "c.conf")]
    change_all([Change(path, path, b"old\\n", b"new, and longer\\n") for path in paths])
sys.exit(0 if left[0] > 0 else 1)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_any_moment_leaves_nothing_behind(
    number: signal.Signals, changes: list[Change], tmp_path: Path
) -> None:
    script = tmp_path.parent / f"{tmp_path.name}.py"
    script.write_text(KILLED)
    moments = 0
    for what in ([], ["report"]):
        for at in range(1, 60, 3):
            for change in changes:
                Path(change.path).write_bytes(OLD)
            with interrupts(ignored=False):
                done = subprocess.run(
                    [sys.executable, script, str(int(number)), str(at), tmp_path, *what],
                    env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
                    stderr=subprocess.PIPE,
                    text=True,
                )
            left = texts(tmp_path)
            assert list(left) == list(dict.fromkeys(left))
            assert sorted(left) == list(NAMES)
            written = NAMES[:1] if what else NAMES
            assert {left[name] for name in written} in ({OLD}, {NEW})
            if done.returncode == 0:
                break
            assert done.returncode in (-number, 130, 1), done.stderr
            moments += 1
    assert moments > 10


def acl(*entries: tuple[int, int, int]) -> bytes:
    """An access control list as Linux keeps it: tag, permissions, id."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


NOBODY = 0xFFFFFFFF
LIST = acl((1, 6, NOBODY), (2, 4, 65534), (4, 4, NOBODY), (16, 4, NOBODY), (32, 0, NOBODY))


def test_access_control_lists_stay(changes: list[Change], tmp_path: Path) -> None:
    """And what a folder gives to new files is not taken on."""
    try:
        os.setxattr(tmp_path / "a.conf", "system.posix_acl_access", LIST)
        os.setxattr(tmp_path, "system.posix_acl_default", LIST)
    except (AttributeError, OSError):
        pytest.skip("this file system keeps no access control lists")
    before = [attributes(tmp_path / name) for name in NAMES]
    change_all(changes)
    assert [attributes(tmp_path / name) for name in NAMES] == before
    assert texts(tmp_path) == dict.fromkeys(NAMES, NEW)


def attributes(path: Path) -> object:
    status = path.stat()
    more = {name: os.getxattr(path, name) for name in os.listxattr(path)}
    return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, more


def test_an_attribute_that_cannot_be_kept(
    changes: list[Change], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        os.setxattr(tmp_path / "b.conf", "user.note", b"ours")
    except (AttributeError, OSError):
        pytest.skip("this file system keeps no attributes")

    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "setxattr", refused)
    with pytest.raises(UnwritableError) as error:
        change_all(changes)
    assert str(error.value) == (
        "cannot write b.conf: its attribute user.note cannot be kept: Operation not permitted; "
        "nothing is written"
    )
    assert texts(tmp_path) == dict.fromkeys(NAMES, OLD)


def test_other_names_of_a_file(changes: list[Change], tmp_path: Path) -> None:
    os.link(tmp_path / "b.conf", tmp_path / "d.conf")
    with pytest.raises(UnwritableError, match=r"^cannot write b.conf: it has other names \(hard"):
        change_all(changes)
    assert texts(tmp_path) == dict.fromkeys((*NAMES, "d.conf"), OLD)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can write to."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_the_owner_stays(open_folder: Path) -> None:
    path = open_folder / "a.conf"
    path.write_bytes(OLD)
    os.chown(path, 1234, 2345)
    path.chmod(0o666)
    change = Change("a.conf", str(path), OLD, NEW)
    change_all([change])
    assert attributes(path) == (0o666, 1234, 2345, {})
    again = Change("a.conf", str(path), NEW, OLD)
    os.seteuid(65534)
    try:
        with pytest.raises(UnwritableError) as error:
            change_all([again])
        os.chdir(open_folder)
        write_whole("a.conf", "a report\n")  # which is nobody's configuration
    finally:
        os.seteuid(0)
        os.chdir("/")
    assert str(error.value) == (
        "cannot write a.conf: it belongs to user 1234 and group 2345, whom a new file cannot be "
        "given to; run lint502 as its owner; nothing is written"
    )
    assert texts(open_folder) == {"a.conf": b"a report\n"}
    assert attributes(path) == (0o666, 1234, 2345, {})


LINKS = {
    "out.sarif": "../outside/file",
    "gone.sarif": "../outside/gone",
    "folder/out.sarif": "",
    "inner/../folder/out.sarif": "",
    "chain.sarif": "out.sarif",
}


@pytest.fixture
def outside(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder beside the repository, into which links of that lead."""
    outside, site = tmp_path / "outside", tmp_path / "site"
    outside.mkdir()
    (site / ".git").mkdir(parents=True)
    (site / "inner").mkdir()
    (outside / "file").write_bytes(OLD)
    (site / "folder").symlink_to("../outside")
    for name, target in LINKS.items():
        if target:
            (site / name).symlink_to(target)
    monkeypatch.chdir(site)
    return outside


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("option", ["--format=json:{}", "--write-baseline={}"])
def test_no_link_leads_out_of_the_checkout(
    name: str, absolute: bool, option: str, outside: Path, run: Run, asked: Asked
) -> None:
    asked.report = CLEAN
    path = f"{Path.cwd()}/{name}" if absolute else name
    code, _, err = run("check", "a.conf", option.format(path))
    assert (code, err) == (
        2,
        f"error: cannot write {path}: it is reached by a link that leads out of the checkout; name "
        "what it leads to\n",
    )
    assert texts(outside) == {"file": OLD}


def test_links_within_the_checkout_are_followed(outside: Path) -> None:
    Path("real").mkdir()
    Path("reports").symlink_to("real")
    Path("real/other").write_bytes(OLD)
    Path("real/a.json").symlink_to("other")
    write_whole("reports/a.json", "new, and longer\n")
    assert Path("real/a.json").is_symlink()
    assert Path("real/other").read_bytes() == NEW
    write_whole(str(outside / "file"), "new, and longer\n")
    assert texts(outside) == {"file": NEW}


def test_no_link_leads_into_git(outside: Path) -> None:
    Path(".git/config").write_bytes(OLD)
    Path("a.txt").symlink_to(".git/config")
    with pytest.raises(UnwritableError, match="leads out of the checkout"):
        write_whole("a.txt", "[core]")
    assert Path(".git/config").read_bytes() == OLD
    write_whole(".git/report", "what somebody asks for")


def test_a_report_is_new_or_as_it_was(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    Path("a.json").write_bytes(OLD)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        for name in ("a.json", "b.json"):
            with pytest.raises(UnwritableError, match=r"^No space left on device$"):
                write_whole(name, "x" * 100)
    assert Path("a.json").read_bytes() == OLD
    assert sorted(path.name for path in Path().glob("*.json")) == ["a.json"]
    before = os.umask(0o027)
    try:
        write_whole("b.json", "x")
    finally:
        os.umask(before)
    Path("a.json").chmod(0o604)
    write_whole("a.json", "x")
    assert [stat.S_IMODE(Path(name).stat().st_mode) for name in ("a.json", "b.json")] == [
        0o604,
        0o640,
    ]


def test_what_is_no_file_is_written_to(outside: Path) -> None:
    write_whole("/dev/null", "nowhere")
    with pytest.raises(UnwritableError, match=r"^No space left on device$"):
        write_whole("/dev/full", "x")
    read, write = os.pipe()
    write_whole(f"/dev/fd/{write}", "into a pipe")
    assert os.read(read, 100) == b"into a pipe"
    os.mkfifo("fifo")
    reader = os.open("fifo", os.O_RDONLY | os.O_NONBLOCK)
    write_whole("fifo", "into a fifo")
    assert os.read(reader, 100) == b"into a fifo"
    for descriptor in (read, write, reader):
        os.close(descriptor)
    for name, reason in (("inner", "Is a directory"), ("no/a", "No such file"), ("a\0", "no file")):
        with pytest.raises(UnwritableError, match=f"^{reason}"):
            write_whole(name, "x")
