"""What brings an nginx on this system."""

from __future__ import annotations

import platform

_NGINX = {
    "debian": "apt-get install nginx libnginx-mod-stream",
    "fedora": "dnf install nginx nginx-mod-stream",
    "rhel": "dnf install nginx nginx-mod-stream",
    "alpine": "apk add nginx nginx-mod-stream",
    "arch": "pacman -S nginx",
    "suse": "zypper install nginx",
    "opensuse": "zypper install nginx",
    "gentoo": "emerge www-servers/nginx",
    "void": "xbps-install nginx",
}
"""By what /etc/os-release calls a distribution, or those that it is like (os-release(5))."""

_STREAM = {
    "debian": "apt-get install libnginx-mod-stream",
    "fedora": "dnf install nginx-mod-stream",
    "rhel": "dnf install nginx-mod-stream",
    "alpine": "apk add nginx-mod-stream",
}
_ELSEWHERE = (
    "Debian and Ubuntu: apt-get install nginx libnginx-mod-stream; Fedora: dnf install nginx "
    "nginx-mod-stream; Alpine: apk add nginx nginx-mod-stream; macOS: brew install nginx"
)


def bringing_nginx() -> str:
    """How to install an nginx here, such as ``install one with: apt-get install nginx``."""
    return _said(_NGINX, "install one", _ELSEWHERE)


def bringing_stream() -> str:
    """How to install nginx's stream module here; it may be part of another nginx."""
    other = "on Debian: libnginx-mod-stream; on Fedora and Alpine: nginx-mod-stream"
    return _said(_STREAM, "install it", other)


def _said(commands: dict[str, str], what: str, elsewhere: str) -> str:
    command = next((commands[name] for name in _names() if name in commands), None)
    if command is not None:
        return f"{what} with: {command}"
    if commands is _NGINX:
        if platform.system() == "Darwin":
            return f"{what} with: brew install nginx"
        if "nixos" in _names():
            return f"{what} with: nix-shell -p nginx"
    return f"{what} ({elsewhere})"


def _names() -> list[str]:
    """What this distribution is called, then those that it is like, nearest first."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return []
    like = release.get("ID_LIKE", "").split()
    name = release["ID"]
    return [name, *like, *(["opensuse"] if name.startswith("opensuse") else [])]
