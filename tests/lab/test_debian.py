from __future__ import annotations

import os
import re
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lint502.lab.bench import LabError
from lint502.nginx.version import Version
from tests.support.nginxes import lacks
from tools.measure import debian, elf
from tools.measure.debian import NotAvailable, Unpacked

MONTH = 31 * 86400.0

TARGETS = """\
cdrom:[Debian 12]/|bookworm|main|Debian|Debian
http://vendor.example/debian/|bookworm|main|Vendor|Vendor
http://mirror.example/debian-security/|bookworm-security|main|Debian|Debian-Security
http://mirror.example/debian/|bookworm|contrib|Debian|Debian
http://mirror.example/debian/|bookworm-updates|main|Debian|Debian
http://other.example/debian/|bookworm|main|Debian|Debian
"""
BEFORE_AN_UPDATE = """\
http://vendor.example/apt/|nodistro|main|$(ORIGIN)|$(LABEL)
http://php.example/php/|bookworm|main|$(ORIGIN)|$(LABEL)
http://mirror.example/debian-security/|bookworm-security|main|$(ORIGIN)|$(LABEL)
http://mirror.example/debian/|bookworm|main|$(ORIGIN)|$(LABEL)
"""
UBUNTU = "http://mirror.example/ubuntu/|noble|main|Ubuntu|Ubuntu\n"


@pytest.mark.parametrize(
    ("text", "mirror"),
    [
        (TARGETS, "http://mirror.example/debian/"),
        (BEFORE_AN_UPDATE, "http://mirror.example/debian/"),
        (BEFORE_AN_UPDATE.replace("$(ORIGIN)|$(LABEL)", "|"), "http://mirror.example/debian/"),
        ("mirror+file:/etc/apt/list|trixie|main|$(ORIGIN)|$(LABEL)\n", "mirror+file:/etc/apt/list"),
        (UBUNTU, None),
        (UBUNTU.replace("Ubuntu", ""), None),
        ("", None),
    ],
)
def test_mirror(text: str, mirror: str | None) -> None:
    assert debian.mirror_in(text) == mirror


PARAGRAPHS = {
    "nginx": """\
Package: nginx
Version: 1.30.6-2
Depends: nginx-common (= 1.30.6-2), libc6 (>= 2.34), libssl3t64 | libssl-other, zlib1g:any
Description: small, powerful
 Depends: nothing
Section: httpd
""",
    "libnginx-mod-stream": """\
Package: libnginx-mod-stream
Version: 1.30.6-2
Depends: nginx-abi-1.30.6-1, libc6 (>= 2.34)
Section: httpd
""",
    "nginx-common": "Package: nginx-common\nVersion: 1\nSection: httpd\nDepends: debconf\n",
    "libc6": "Package: libc6\nVersion: 2.43-7\nSection: libs\nDepends: libgcc-s1\n",
    "libgcc-s1": "Package: libgcc-s1\nVersion: 16.2.0-4\nSection: libs\nDepends: libc6\n",
    "libssl3t64": "Package: libssl3t64\nVersion: 3.6.5-1\nSection: libs\nPre-Depends: libz1\n",
    "zlib1g": "Package: zlib1g\nVersion: 1:1.3\nSection: libs\n",
    "libz1": "Package: libz1\nVersion: 5\nSection: oldlibs\n",
}


def test_needed_packages() -> None:
    packages = debian.needed(
        lambda names: "\n".join(PARAGRAPHS[name] for name in names if name in PARAGRAPHS),
        ("nginx", "libnginx-mod-stream"),
    )
    assert packages == {
        "nginx": "1.30.6-2",
        "libnginx-mod-stream": "1.30.6-2",
        "libc6": "2.43-7",
        "libgcc-s1": "16.2.0-4",
        "libssl3t64": "3.6.5-1",
        "zlib1g": "1:1.3",
        "libz1": "5",
    }


def test_a_package_that_the_release_does_not_have() -> None:
    with pytest.raises(LabError, match=r"^the release has no package nginx-core$"):
        debian.needed(lambda _: PARAGRAPHS["zlib1g"], ("nginx-core",))


def executable(bits: int, order: str, loader: str) -> bytes:
    """The headers of an ELF file: a segment of no interest, then the one that names the loader."""
    head = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2]) + bytes(10)
    name = loader.encode() + b"\0"
    if bits == 64:
        head += struct.pack(f"{order}HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
        program = struct.pack(f"{order}IIQQQQQQ", 6, 4, 64, 0, 0, 112, 112, 8)
        at = len(head) + 2 * len(program)
        program += struct.pack(f"{order}IIQQQQQQ", 3, 4, at, 0, 0, len(name), len(name), 1)
    else:
        head += struct.pack(f"{order}HHIIIIIHHHHHH", 3, 3, 1, 0, 52, 0, 0, 52, 32, 2, 0, 0, 0)
        program = struct.pack(f"{order}IIIIIIII", 6, 52, 0, 0, 64, 64, 4, 4)
        at = len(head) + 2 * len(program)
        program += struct.pack(f"{order}IIIIIIII", 3, at, 0, 0, len(name), len(name), 4, 1)
    return head + program + name + b"code"


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_loader(bits: int, order: str) -> None:
    assert elf.loader_of(executable(bits, order, "/lib64/ld-x.so.2")) == "ld-x.so.2"


def test_no_loader() -> None:
    with pytest.raises(LabError, match="is not an executable of Linux"):
        elf.loader_of(b"#!/bin/sh\n")
    with pytest.raises(LabError, match="asks for no loader"):
        elf.loader_of(executable(64, "<", "x").replace(b"\3\0\0\0\4", b"\1\0\0\0\4"))


TOOLS = {
    "dpkg": "echo amd64",
    "apt-cache": 'echo "apt-cache $*" >>"$CALLS"; cat "$PACKAGES"',
    "apt-get": """\
echo "apt-get $*" >>"$CALLS"
case "$*" in
*--no-release-info*) echo 'http://mirror.example/debian/|bookworm|main|$(ORIGIN)|$(LABEL)' ;;
*update*) if test -e "$BROKEN"; then cat "$BROKEN" >&2; exit 100; fi ;;
*download*) touch nginx.deb libc6.deb ;;
esac""",
    "dpkg-deb": """\
case "$2" in
*nginx.deb)
    mkdir -p "$3/usr/sbin" "$3/usr/lib/nginx/modules" "$3/usr/share/doc"
    cp "$BINARY" "$3/usr/sbin/nginx" ;;
*)
    mkdir -p "$3/lib/x86_64-linux-gnu" "$3/usr/lib/x86_64-linux-gnu/gconv"
    touch "$3/lib/x86_64-linux-gnu/libc.so.6"
    printf '#!/bin/sh\\ntest "$1" != --inhibit-cache -o ! -e "$REFUSED" || exit 127\\n' \
        >"$3/lib/x86_64-linux-gnu/ld-x.so.2"
    chmod +x "$3/lib/x86_64-linux-gnu/ld-x.so.2" ;;
esac""",
}


class Machine:
    """A machine whose apt, dpkg and loader are small scripts, and whose cache is empty."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        (folder / "bin").mkdir()
        for name, script in TOOLS.items():
            (folder / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / "bin" / name).chmod(0o755)
        for name in ("calls", "packages", "binary", "broken", "refused"):
            monkeypatch.setenv(name.upper(), str(folder / name))
        (folder / "binary").write_bytes(executable(64, "<", "/lib64/ld-x.so.2"))
        self.offer("1.22.1-1")
        (folder / "keys").mkdir()
        (folder / "keys/debian-archive-keyring.gpg").touch()
        monkeypatch.setattr(debian, "_KEYS", folder / "keys")
        monkeypatch.setenv("XDG_CACHE_HOME", str(self.cache))
        monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")

    def offer(self, version: str) -> None:
        """What the release has from now on."""
        text = PARAGRAPHS["nginx"].replace("1.30.6-2", version)
        text += "\n" + PARAGRAPHS["libnginx-mod-stream"] + "\n" + PARAGRAPHS["libc6"]
        (self.folder / "packages").write_text(text)

    def fail(self, message: str) -> None:
        """The update fails from now on."""
        (self.folder / "broken").write_text(message)

    def calls(self) -> list[str]:
        """What apt was asked since the last call, without its configuration."""
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [re.sub(r" -c \S+", "", line) for line in lines]

    def trees(self) -> dict[str, str]:
        """The nginx version of each tree in the cache, by the tree's name."""
        found = {}
        for file in self.cache.glob("lint502/nginx-bookworm-*/*/packages"):
            found[file.parent.name] = dict(map(str.split, file.read_text().splitlines()))["nginx"]
        return found

    def age(self, seconds: float) -> None:
        """Make every tree older."""
        for file in self.cache.glob("lint502/*/*/packages"):
            then = file.stat().st_mtime - seconds
            os.utime(file, (then, then))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_fetch(machine: Machine) -> None:
    nginx = debian.unpacked("bookworm")
    modules = nginx.modules
    assert modules is not None
    tree = modules.parents[3]
    libraries = tree / "lib/x86_64-linux-gnu"
    assert nginx == Unpacked(
        "bookworm",
        (
            f"{libraries}/ld-x.so.2",
            "--inhibit-cache",
            "--library-path",
            str(libraries),
            f"{tree}/usr/sbin/nginx",
        ),
        {"OPENSSL_CONF": "/dev/null", "LD_PRELOAD": ""},
        tree / "usr/lib/nginx/modules",
    )
    assert tree.is_relative_to(machine.cache / "lint502")
    files = {str(file.relative_to(tree)) for file in tree.rglob("*") if file.is_file()}
    assert files == {
        "packages",
        "usr/sbin/nginx",
        "lib/x86_64-linux-gnu/libc.so.6",
        "lib/x86_64-linux-gnu/ld-x.so.2",
    }
    assert sorted(file.name for file in tree.parent.iterdir()) == sorted([tree.name, "lock"])
    calls = machine.calls()
    assert [call.split(" --format")[0] for call in calls if "show" not in call] == [
        "apt-get indextargets",
        "apt-get indextargets --no-release-info",
        "apt-get -qq update",
        "apt-get -qq download nginx libnginx-mod-stream libc6",
    ]
    assert "apt-cache show libnginx-mod-stream nginx" in calls


def test_what_is_in_the_cache_is_not_fetched(machine: Machine) -> None:
    first = debian.unpacked("bookworm")
    machine.calls()
    assert debian.unpacked("bookworm") == first
    assert machine.calls() == []


def test_many_at_once_fetch_once(machine: Machine) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(debian.unpacked, ["bookworm"] * 4))
    assert found == [found[0]] * 4
    assert sum("update" in call for call in machine.calls()) == 1


def test_what_a_killed_process_left_is_removed(machine: Machine) -> None:
    debian.unpacked("bookworm")
    (home,) = machine.cache.glob("lint502/nginx-bookworm-*")
    (home / "new-left/tree").mkdir(parents=True)
    (home / "new-left/tree/packages").touch()
    machine.age(MONTH)
    debian.unpacked("bookworm")
    assert not (home / "new-left").exists()


def test_after_a_month_newer_packages_are_fetched(machine: Machine) -> None:
    debian.unpacked("bookworm")
    for version in ("1.22.1-1", "1.22.1-2", "1.22.1-3"):
        machine.age(MONTH)
        machine.calls()
        machine.offer(version)
        nginx = debian.unpacked("bookworm")
        assert machine.trees()[Path(nginx.command[-1]).parents[2].name] == version
        fetched = any("download" in call for call in machine.calls())
        assert fetched == (version != "1.22.1-1")
    assert sorted(machine.trees().values()) == ["1.22.1-2", "1.22.1-3"]


def test_without_a_network_the_old_one_stays(machine: Machine) -> None:
    old = debian.unpacked("bookworm")
    machine.age(MONTH)
    machine.fail("E: Failed to fetch it\n")
    machine.calls()
    assert debian.unpacked("bookworm") == old
    assert "apt-get -qq update" in machine.calls()
    assert debian.unpacked("bookworm") == old
    assert machine.calls() == []
    machine.age(86400)
    debian.unpacked("bookworm")
    assert "apt-get -qq update" in machine.calls()


def test_without_a_network_and_a_cache(machine: Machine) -> None:
    machine.fail("W: Something\nE: Failed to fetch it\nE: Some index files failed to download.\n")
    with pytest.raises(NotAvailable) as caught:
        debian.unpacked("bookworm")
    assert str(caught.value) == (
        "nginx 1.22 (bookworm): apt-get says: Failed to fetch it; "
        "look at the network and at this machine's apt"
    )
    found, reasons = debian.available()
    assert found == []
    assert [reason.partition(":")[0] for reason in reasons] == [
        "nginx 1.18 (bullseye)",
        "nginx 1.22 (bookworm)",
        "nginx 1.26 (trixie)",
        "nginx 1.30 or newer (sid)",
    ]


def test_an_nginx_that_does_not_start_is_not_kept(machine: Machine) -> None:
    (machine.folder / "refused").touch()
    with pytest.raises(NotAvailable, match=r"^nginx 1.22 \(bookworm\): ld-x.so.2 says: exit code"):
        debian.unpacked("bookworm")
    assert machine.trees() == {}


def test_a_damaged_cache(machine: Machine) -> None:
    binary = Path(debian.unpacked("bookworm").command[-1])
    binary.unlink()
    with pytest.raises(NotAvailable, match=r"lacks nginx; remove this folder and try again$"):
        debian.unpacked("bookworm")


def test_no_apt(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(machine.folder / "keys"))
    with pytest.raises(NotAvailable) as caught:
        debian.unpacked("trixie")
    assert str(caught.value) == (
        "nginx 1.26 (trixie): this machine has no apt-get; "
        "Debian's packages can only be fetched on a Debian machine"
    )


def test_no_mirror(machine: Machine) -> None:
    (machine.folder / "bin/apt-get").write_text(f"#!/bin/sh\necho '{UBUNTU.strip()}'\n")
    with pytest.raises(NotAvailable, match="the sources of this machine's apt name no mirror"):
        debian.unpacked("sid")


def test_no_keys(machine: Machine) -> None:
    (machine.folder / "keys/debian-archive-keyring.gpg").unlink()
    with pytest.raises(NotAvailable, match=r"install the package debian-archive-keyring$"):
        debian.unpacked("sid")


def test_a_release_that_has_left_the_mirrors(machine: Machine) -> None:
    machine.fail("E: The repository 'x bullseye Release' does not have a Release file.\n")
    with pytest.raises(
        NotAvailable, match=r"^nginx 1.18 \(bullseye\): apt-get says: The repository"
    ):
        debian.unpacked("bullseye")
    assert machine.calls().count("apt-get -qq update") == 2
    with pytest.raises(NotAvailable):
        debian.unpacked("trixie")
    assert machine.calls().count("apt-get -qq update") == 1


def test_a_cache_that_cannot_be_written(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    file = machine.folder / "binary"
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))
    with pytest.raises(NotAvailable) as caught:
        debian.unpacked("sid")
    assert str(caught.value) == (
        f"nginx 1.30 or newer (sid): {file}/lint502/nginx-sid-{os.uname().machine}: "
        "Not a directory; set XDG_CACHE_HOME to a folder that can be written and has room"
    )


def test_an_unknown_release() -> None:
    with pytest.raises(NotAvailable) as caught:
        debian.unpacked("etch")
    assert str(caught.value) == (
        "etch is none of Debian's releases bullseye, bookworm, trixie, sid"
    )


BRANCHES = {
    "bullseye": (Version(1, 18, 0), Version(1, 19, 0)),
    "bookworm": (Version(1, 22, 0), Version(1, 23, 0)),
    "trixie": (Version(1, 26, 0), Version(1, 27, 0)),
    "sid": (Version(1, 30, 0), Version(9, 0, 0)),
}


@pytest.mark.parametrize("release", debian.RELEASES)
def test_real(release: str, tmp_path: Path) -> None:
    try:
        nginx = debian.unpacked(release)
    except NotAvailable as error:
        lacks(error)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [*nginx.command, *words]
        environment = {**os.environ, **nginx.environment}
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)

    said = run("-v")
    assert said.returncode == 0
    version = Version.parse(said.stderr.strip().removeprefix("nginx version: nginx/"))
    first, after = BRANCHES[release]
    assert first <= version < after
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f'load_module "{nginx.modules}/ngx_stream_module.so";\n'
        "pid nginx.pid; error_log error.log; events {}\n"
        "http { access_log off; client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c;\n"
        "uwsgi_temp_path d; scgi_temp_path e; server { listen 127.0.0.1:18502;\n"
        "location / { proxy_pass https://127.0.0.1:1; } } }\n"
        "stream { upstream one { server 127.0.0.1:1; } }\n"
    )
    tested = run("-t", "-p", f"{tmp_path}/", "-c", str(configuration))
    assert "test is successful" in tested.stderr, tested.stderr
