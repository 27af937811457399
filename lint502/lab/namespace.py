"""A network namespace of one's own: a loopback interface, and perhaps a way to other machines."""

from __future__ import annotations

import ctypes
import fcntl
import ipaddress
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

from lint502.lab.bench import LabError

PORTS = 8
"""How many local ports a namespace has for nginx, where it has few."""

OUTSIDE = "198.51.100.2"
"""Another machine, to which a way leads; nobody is there (RFC 5737 keeps it for examples)."""

_OWN = "198.51.100.1"
_MASK = "255.255.255.0"
_INTERFACE, _OTHER_END = "lab0", "lab1"

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_MS_BIND, _MS_PRIVATE_BELOW = 0x1000, 0x40000 | 0x4000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
_SIOCSIFADDR, _SIOCSIFNETMASK = 0x8916, 0x891C

_RTM_NEWLINK = 16
_NLM_F_REQUEST_ACK_CREATE = 0x1 | 0x4 | 0x400
_IFLA_IFNAME, _IFLA_LINKINFO = 3, 18
_IFLA_INFO_KIND, _IFLA_INFO_DATA = 1, 2
_VETH_INFO_PEER = 1


def enter(hosts: Path | None, *, few_ports: bool, leads_out: bool) -> None:
    """Enter a namespace; raises :class:`LabError` where that is not possible.

    Where it has ``few_ports``, none of them is reused early. ``hosts``: what stands in the place of
    ``/etc/hosts``. ``leads_out``: there is a way to :data:`OUTSIDE`.
    """
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    flags = _CLONE_NEWNET if user == 0 else _CLONE_NEWNET | _CLONE_NEWUSER
    try:
        _done(libc.unshare(flags if hosts is None else flags | _CLONE_NEWNS))
        if user != 0:
            with suppress(OSError):  # only where the kernel has it
                Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {user} 1")
            Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        _bring_up("lo")
        if leads_out:
            _lead_out()
        if hosts is not None:
            hosts.write_text("")
            _done(libc.mount(None, b"/", None, _MS_PRIVATE_BELOW, None))
            _done(libc.mount(os.fsencode(hosts), b"/etc/hosts", None, _MS_BIND, None))
        if few_ports:
            sysctl = Path("/proc/sys/net/ipv4")
            (sysctl / "ip_local_port_range").write_text(f"40000 {40000 + PORTS - 1}")
            (sysctl / "tcp_tw_reuse").write_text("0")
    except (OSError, AttributeError) as error:
        reason = getattr(error, "strerror", None) or "this system has none"
        raise LabError(
            "it takes a network namespace, which this machine does not let a program make "
            f"({reason}); run it as root, or allow user namespaces"
        ) from None


def _done(result: int) -> None:
    """Raise the error of a system call that failed."""
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _bring_up(interface: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", interface.encode(), 0)
        found = fcntl.ioctl(control, _SIOCGIFFLAGS, request)
        (flags,) = struct.unpack("16xH14x", found)
        fcntl.ioctl(
            control, _SIOCSIFFLAGS, struct.pack("16sH14x", interface.encode(), flags | _IFF_UP)
        )


def _lead_out() -> None:
    """A pair of interfaces: one has an address, the other is where the cable ends."""
    _make_pair(_INTERFACE, _OTHER_END)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for request, address in ((_SIOCSIFADDR, _OWN), (_SIOCSIFNETMASK, _MASK)):
            packed = ipaddress.IPv4Address(address).packed
            sockaddr = struct.pack("=HH4s8x", socket.AF_INET, 0, packed)
            fcntl.ioctl(control, request, struct.pack("16s16s8x", _INTERFACE.encode(), sockaddr))
    for interface in (_INTERFACE, _OTHER_END):
        _bring_up(interface)


def _make_pair(name: str, other: str) -> None:
    """``ip link add NAME type veth peer name OTHER``, in the words of rtnetlink(7)."""
    peer = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, 0, 0, 0) + _named(other)
    data = _attribute(_IFLA_INFO_DATA, _attribute(_VETH_INFO_PEER, peer))
    kind = _attribute(_IFLA_INFO_KIND, b"veth\0")
    link = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, 0, 0, 0)
    body = link + _named(name) + _attribute(_IFLA_LINKINFO, kind + data)
    head = struct.pack("=IHHII", 16 + len(body), _RTM_NEWLINK, _NLM_F_REQUEST_ACK_CREATE, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.sendto(head + body, (0, 0))
        (code,) = struct.unpack_from("=i", netlink.recv(4096), 16)
    if code != 0:
        raise OSError(-code, os.strerror(-code))


def _named(name: str) -> bytes:
    return _attribute(_IFLA_IFNAME, name.encode() + b"\0")


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + b"\0" * (-length % 4)
