"""A network namespace of one's own: a loopback interface, and perhaps a way to another machine."""

from __future__ import annotations

import ctypes
import fcntl
import ipaddress
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lint502.lab.bench import LabError

PORTS = 8
"""How many local ports a namespace has for nginx, where it has few."""

OWN, OUTSIDE = "198.51.100.1", "198.51.100.2"
"""The address on the way to another machine, and that of the machine: a namespace that is reached
by a cable. RFC 5737 keeps them for examples."""

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
_IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_NET_NS_FD = 3, 18, 28
_IFLA_INFO_KIND, _IFLA_INFO_DATA = 1, 2
_VETH_INFO_PEER = 1


class NoNamespaceError(LabError):
    """This machine lets a program make no network namespace; the message says what to do."""


class Machine:
    """The other machine: a network namespace that is open for as long as this object is there."""

    def __init__(self, here: int, there: int) -> None:
        self._here = here
        self._there = there

    def connect(self) -> None:
        """Lay the cable to it."""
        _lay_cable(_INTERFACE, _OTHER_END, self._there)
        _plug_in(_INTERFACE, OWN)
        with self._entered():
            _plug_in(_OTHER_END, OUTSIDE)

    def listening(self, port: int) -> socket.socket:
        """A socket that is bound to a port of its address, :data:`OUTSIDE`."""
        with self._entered():
            bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((OUTSIDE, port))
            return bound

    @contextmanager
    def _entered(self) -> Iterator[None]:
        """For this thread: what it opens there stays there."""
        libc = ctypes.CDLL(None, use_errno=True)
        _done(libc.setns(self._there, _CLONE_NEWNET))
        try:
            yield
        finally:
            _done(libc.setns(self._here, _CLONE_NEWNET))


def enter(hosts: Path | None, *, few_ports: bool, leads_out: bool) -> Machine | None:
    """Enter a namespace; raises :class:`NoNamespaceError` where that is not possible.

    Where it has ``few_ports``, none of them is reused early. ``hosts``: what stands in the place of
    ``/etc/hosts``. ``leads_out``: there is a way to another machine, which is given.
    """
    machine = None
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
            machine = _other_machine(libc)
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
        raise NoNamespaceError(
            "it takes a network namespace, which this machine does not let a program make "
            f"({reason}); run it as root, or allow user namespaces"
        ) from None
    return machine


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


def _other_machine(libc: ctypes.CDLL) -> Machine:
    """Another namespace, and a cable between the two."""
    namespace = "/proc/self/ns/net"
    here = os.open(namespace, os.O_RDONLY)
    _done(libc.unshare(_CLONE_NEWNET))
    machine = Machine(here, os.open(namespace, os.O_RDONLY))
    _bring_up("lo")
    _done(libc.setns(here, _CLONE_NEWNET))
    machine.connect()
    return machine


def _plug_in(interface: str, address: str) -> None:
    """Give an interface its address, and bring it up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for request, value in ((_SIOCSIFADDR, address), (_SIOCSIFNETMASK, _MASK)):
            packed = ipaddress.IPv4Address(value).packed
            sockaddr = struct.pack("=HH4s8x", socket.AF_INET, 0, packed)
            fcntl.ioctl(control, request, struct.pack("16s16s8x", interface.encode(), sockaddr))
    _bring_up(interface)


def _lay_cable(name: str, other: str, namespace: int) -> None:
    """``ip link add NAME type veth peer name OTHER netns NAMESPACE``, in the words of
    rtnetlink(7)."""
    link = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, 0, 0, 0)
    end = _attribute(_IFLA_NET_NS_FD, struct.pack("=I", namespace))
    data = _attribute(_IFLA_INFO_DATA, _attribute(_VETH_INFO_PEER, link + _named(other) + end))
    kind = _attribute(_IFLA_INFO_KIND, b"veth\0")
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
