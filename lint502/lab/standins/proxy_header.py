"""The PROXY header that a server may expect before anything else, also before TLS.

Source: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, sections 2.1 and 2.2.
"""

from __future__ import annotations

from lint502.lab.standins.connection import Connection
from lint502.lab.standins.wire import Wire

_VERSION_1 = b"PROXY "
_VERSION_1_LARGEST = 107
_VERSION_2 = b"\r\n\r\n\0\r\nQUIT\n"
_VERSION_2_FIXED = 16


def read_proxy_header(connection: Connection) -> None:
    """Read the header and not one byte more; without one the connection is closed."""
    wire = connection.wire
    received = b""
    while received not in (_VERSION_1, _VERSION_2):
        received += _byte(wire)
        if not _VERSION_1.startswith(received) and not _VERSION_2.startswith(received):
            wire.finish()
    if received == _VERSION_1:
        while not received.endswith(b"\r\n"):
            if len(received) == _VERSION_1_LARGEST:
                wire.finish()
            received += _byte(wire)
    else:
        fixed = connection.read(_VERSION_2_FIXED - len(_VERSION_2))
        connection.read(int.from_bytes(fixed[2:4], "big"))


def is_proxy_header(datagram: bytes) -> bool:
    """Whether a datagram is the header that comes before a UDP client's first one."""
    return datagram.startswith((_VERSION_1, _VERSION_2))


def _byte(wire: Wire) -> bytes:
    return wire.receive(1) or wire.finish()
