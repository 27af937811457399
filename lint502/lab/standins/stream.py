"""TCP and UDP: everything comes back as it was sent."""

from __future__ import annotations

import socket

from lint502.lab.standins.connection import Connection, Shared
from lint502.lab.standins.proxy_header import is_proxy_header

_LARGEST_DATAGRAM = 65_535


def serve(connection: Connection) -> None:
    """Send back what comes until the peer ends; that is one request."""
    connection.wait_for_request()
    connection.begin()
    connection.next_answer()
    while True:
        connection.wire.send(connection.take())
        connection.fill()


def answer_datagram(plain: socket.socket, shared: Shared, announced: set[object]) -> None:
    """Send one datagram back.

    Where the PROXY header is expected, datagrams from an address that has not sent one are
    dropped; ``announced`` are those that have.
    """
    datagram, address = plain.recvfrom(_LARGEST_DATAGRAM)
    if shared.behaviour.proxy_protocol and address not in announced:
        if is_proxy_header(datagram):
            announced.add(address)
        return
    with shared.lock:
        shared.requests += 1
    if not shared.stopping.wait(shared.answer.wait):
        plain.sendto(datagram, address)
