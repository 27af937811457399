"""What systemd adds to a process: sockets that it opens itself, folders, what it keeps private."""

from __future__ import annotations

from msgspec import Struct

from lint502.deployment.texts import Text
from lint502.places import Place


class Listener(Struct, frozen=True):
    """A socket that systemd opens and hands to the service (``ListenStream``).

    Either ``port``, with the ``address`` that is bound (None for all), or ``path``; a path that
    begins with ``@`` is in the abstract namespace. ``owner``, ``group`` and ``mode`` are those of
    a socket file; where none is written they are root, the group of the owner and 0666.
    ``ipv6_only``: it takes no IPv4.
    """

    place: Place
    port: int | None = None
    address: str | None = None
    path: str | None = None
    owner: Text | None = None
    group: Text | None = None
    mode: Text | None = None
    directory_mode: Text | None = None
    """That of the folders above the socket, where systemd creates them; else 0755."""
    ipv6_only: bool = False


class Directory(Struct, frozen=True):
    """A folder that systemd creates for the service, with the owner and the group of it
    (``RuntimeDirectory``). Its mode is 0755 where none is written."""

    path: str
    place: Place
    mode: Text | None = None


class Unit(Struct, frozen=True):
    """What the unit of a service says besides its command.

    ``listeners`` are the sockets of its ``.socket`` units: the service gets them open, and they are
    in the network of the machine, whatever its own is. ``umask`` is 0022 where none is written.
    ``private_tmp``: its ``/tmp`` and ``/var/tmp`` are not those of others; None where that is not
    known.
    """

    name: str
    listeners: tuple[Listener, ...] = ()
    group: Text | None = None
    umask: Text | None = None
    directories: tuple[Directory, ...] = ()
    private_tmp: bool | None = False
    dynamic_user: bool = False
    root: Text | None = None
    """The folder of the machine that is its root (``RootDirectory``)."""
