"""One address, once it is known what is spoken there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from lint502.probing.handshakes import Handshake, Offer, secured
from lint502.probing.spoken import PROXY, Way
from lint502.probing.wire import Connection, Dialer, Heard, NotConnectedError


class GoneError(Exception):
    """What was there before is not any more: ``str()`` says what came instead."""


class Talk(Struct, frozen=True):
    """How to speak to an address: in which ``way``, with what in TLS, asking for which Host."""

    dialer: Dialer
    way: Way
    offer: Offer
    host: str

    @contextlib.contextmanager
    def open(
        self, seconds: float | None = None, *, http2: bool | None = None
    ) -> Iterator[Connection]:
        """A connection on which requests can be sent. Raises :class:`GoneError`."""
        prelude = PROXY if self.way.proxy else b""
        try:
            if not self.way.tls:
                with self.dialer.connect(prelude, seconds=seconds) as connection:
                    yield connection
                return
            alpn = ("h2",) if (self.way.http2 if http2 is None else http2) else ()
            shown = Handshake()
            offer = replace(self.offer, prelude=prelude, alpn=alpn)
            with secured(self.dialer, offer, shown, seconds) as channel:
                if channel is None:
                    raise GoneError(f"TLS: {shown.failure}")
                yield channel
        except NotConnectedError as error:
            raise GoneError(str(error)) from None


def nothing(heard: Heard) -> str:
    """What came, where that is no answer."""
    if heard.data:
        return "something else came"
    return {"silent": "no answer in time", "reset": "it was reset"}.get(heard.end, "it was closed")
