"""What brings an nginx, by what the system says of itself."""

from __future__ import annotations

import platform

import pytest

from lint502.lab.bench import LabError
from lint502.lab.binary import Nginx, main_file
from lint502.lab.packages import bringing_nginx, bringing_stream
from lint502.nginx.version import Version

DEBIAN = "apt-get install nginx libnginx-mod-stream"
FEDORA = "dnf install nginx nginx-mod-stream"


def is_on(monkeypatch: pytest.MonkeyPatch, release: dict[str, str] | None, kernel: str) -> None:
    def os_release() -> dict[str, str]:
        if release is None:
            raise FileNotFoundError
        return {"ID": "linux", **release}

    monkeypatch.setattr(platform, "freedesktop_os_release", os_release)
    monkeypatch.setattr(platform, "system", lambda: kernel)


@pytest.mark.parametrize(
    ("release", "command"),
    [
        ({"ID": "debian"}, DEBIAN),
        ({"ID": "ubuntu", "ID_LIKE": "debian"}, DEBIAN),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, DEBIAN),
        ({"ID": "fedora"}, FEDORA),
        ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, FEDORA),
        ({"ID": "amzn", "ID_LIKE": "fedora"}, FEDORA),
        ({"ID": "alpine"}, "apk add nginx nginx-mod-stream"),
        ({"ID": "manjaro", "ID_LIKE": "arch"}, "pacman -S nginx"),
        ({"ID": "opensuse-tumbleweed", "ID_LIKE": "opensuse suse"}, "zypper install nginx"),
        ({"ID": "opensuse-leap"}, "zypper install nginx"),
        ({"ID": "nixos"}, "nix-shell -p nginx"),
    ],
)
def test_linux(release: dict[str, str], command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    is_on(monkeypatch, release, "Linux")
    assert bringing_nginx() == f"install one with: {command}"


def test_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    is_on(monkeypatch, None, "Darwin")
    assert bringing_nginx() == "install one with: brew install nginx"


@pytest.mark.parametrize("release", [None, {}, {"ID": "slackware"}, {"ID": "x", "ID_LIKE": ""}])
def test_any_other(release: dict[str, str] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    is_on(monkeypatch, release, "Linux")
    assert bringing_nginx() == (
        f"install one (Debian and Ubuntu: {DEBIAN}; Fedora: {FEDORA}; Alpine: apk add nginx "
        "nginx-mod-stream; macOS: brew install nginx)"
    )


def test_the_stream_module(monkeypatch: pytest.MonkeyPatch) -> None:
    is_on(monkeypatch, {"ID": "ubuntu", "ID_LIKE": "debian"}, "Linux")
    with pytest.raises(LabError) as caught:
        main_file(Nginx(("nginx",), Version(1, 26, 3), None), "", "server {}")
    command = "apt-get install libnginx-mod-stream"
    assert str(caught.value) == f"this nginx has no stream module; install it with: {command}"
    is_on(monkeypatch, {"ID": "arch"}, "Linux")
    assert bringing_stream() == (
        "install it (on Debian: libnginx-mod-stream; on Fedora and Alpine: nginx-mod-stream)"
    )
