"""A name server for the lab: it knows a few names, with their addresses on the loopback."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from lint502.lab.bench import LOOPBACK
from lint502.patterns import regex

MARK = regex(r"@dns(\d+)@")
"""Stands in a configuration for the address of a name server, with its number."""

_SECONDS = 1
"""How long an answer may be kept: nginx is to notice in time when it changes."""

_LONGEST_WAIT = 0.2


def dns_mark(number: int) -> str:
    """What stands for the address of a name server: the place that it has in the ``resolver``."""
    return f"@dns{number}@"


class NameServer:
    """Answers on a UDP port of 127.0.0.1 (:attr:`port`) until it is closed, whatever it is asked.

    ``names`` are those that it knows, with their addresses.
    """

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self._names = {_plain(name): tuple(addresses) for name, addresses in names.items()}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((LOOPBACK, 0))
        except OSError:
            self._socket.close()
            raise
        self._socket.settimeout(_LONGEST_WAIT)
        self._closed = threading.Event()
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def change(self, name: str, addresses: Sequence[str]) -> None:
        """Give a name that it knows other addresses."""
        if _plain(name) in self._names:
            self._names[_plain(name)] = tuple(addresses)

    def close(self) -> None:
        """End it."""
        self._closed.set()
        with contextlib.suppress(OSError):  # it need not wait until it looks by itself
            self._socket.sendto(b"", (LOOPBACK, self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(OSError):  # nothing has come, or who asked is gone
                question, client = self._socket.recvfrom(4096)
                answer = self._answer(question)
                if answer is not None:
                    self._socket.sendto(answer, client)

    def _answer(self, data: bytes) -> bytes | None:
        import dns.exception
        import dns.flags
        import dns.message
        import dns.rcode
        import dns.rdatatype
        import dns.rrset

        try:
            query = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return None
        if not query.question:
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        asked = query.question[0]
        addresses = self._names.get(_plain(asked.name.to_text()))
        if addresses is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
            return answer.to_wire()
        families = {dns.rdatatype.A: 4, dns.rdatatype.AAAA: 6}
        wanted = families.get(asked.rdtype)
        found = [address for address in addresses if ip_address(address).version == wanted]
        if found:
            answer.answer.append(
                dns.rrset.from_text(asked.name, _SECONDS, "IN", asked.rdtype, *found)
            )
        return answer.to_wire()


def _plain(name: str) -> str:
    return name.lower().rstrip(".")
