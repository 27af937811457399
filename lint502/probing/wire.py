"""Connections to an upstream: counted, each with a deadline, and with as much read as is needed."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Literal

from msgspec import Struct, field

MOST_BYTES = 256 * 1024
"""As much of one answer is read."""

_CHUNK = 64 * 1024

End = Literal["closed", "reset", "silent", "enough"]
"""Why no more is read: the upstream closed, by a reset or not; it sent nothing more in time; or
what was needed is there."""

SocketAddress = tuple[str, int] | tuple[str, int, int, int] | str


class SpentError(Exception):
    """More connections would be opened than were announced."""


class NotConnectedError(Exception):
    """No connection was made; ``number`` is the system's error, None where time ran out."""

    def __init__(self, number: int | None) -> None:
        words = "no answer in time" if number is None else errno_words(number)
        super().__init__(words)
        self.number = number


class NoTlsError(Exception):
    """A TLS handshake failed; ``str()`` says why."""


def errno_words(number: int) -> str:
    """A system's error as nginx's log has it: ``"Connection refused (111)"``."""
    import os

    return f"{os.strerror(number)} ({number})"


class Heard(Struct, frozen=True):
    """What came, and why no more was read."""

    data: bytes
    end: End


class Connection:
    """One connection; everything that is done with it ends before its ``deadline``, a
    :func:`time.monotonic`."""

    def __init__(self, channel: socket.socket, deadline: float) -> None:
        self._channel = channel
        self.deadline = deadline
        self._buffer = b""

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it, whatever the other side does."""
        with contextlib.suppress(OSError):
            self._channel.close()

    @property
    def tls(self) -> ssl.SSLSocket | None:
        """The connection as one of TLS, if it is one."""
        return self._channel if isinstance(self._channel, ssl.SSLSocket) else None

    def send(self, data: bytes) -> bool:
        """Send everything; False where the other side takes no more."""
        try:
            self._channel.settimeout(self._left())
            self._channel.sendall(data)
        except (OSError, ValueError):
            return False
        return True

    def hear(
        self, enough: Callable[[bytes], bool], most: int = MOST_BYTES, until: float | None = None
    ) -> Heard:
        """What comes until it is ``enough``, ``most`` bytes, or too late."""
        data, self._buffer = self._buffer, b""
        while not enough(data) and len(data) < most:
            try:
                self._channel.settimeout(self._left(until))
                more = self._channel.recv(_CHUNK)
            except (TimeoutError, ssl.SSLWantReadError):
                return Heard(data, "silent")
            except ssl.SSLError:
                return Heard(data, "reset")
            except OSError as error:
                silent = error.errno in (errno.EAGAIN, errno.ETIMEDOUT)
                return Heard(data, "silent" if silent else "reset")
            if not more:
                return Heard(data, "closed")
            data += more
        return Heard(data, "enough")

    def put_back(self, data: bytes) -> None:
        """What was heard beyond what was needed, for the next to hear."""
        self._buffer = data + self._buffer

    def _left(self, until: float | None = None) -> float:
        left = (self.deadline if until is None else until) - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class Dialer(Struct):
    """Opens connections to one address, one at a time and no more than are ``allowed``.

    ``seconds`` is the time that each has for everything.
    """

    family: int
    address: SocketAddress
    seconds: float
    opened: int = 0
    _left: int = field(default=0)

    def allow(self, connections: int) -> None:
        """As many may be opened from here on."""
        self._left = connections

    @contextlib.contextmanager
    def connect(
        self,
        prelude: bytes = b"",
        context: ssl.SSLContext | None = None,
        server_name: str | None = None,
        seconds: float | None = None,
    ) -> Iterator[Connection]:
        """A connection on which ``prelude`` has been sent, and with a ``context`` TLS agreed on.

        Raises :class:`NotConnectedError`, :class:`NoTlsError` and :class:`SpentError`.
        """
        if self._left <= 0:
            raise SpentError("no more connections than announced are opened")
        self._left -= 1
        deadline = time.monotonic() + (self.seconds if seconds is None else seconds)
        channel = self._connected()
        try:
            if prelude:
                channel.sendall(prelude)
            if context is not None:
                channel = _secured(channel, context, server_name)
        except NoTlsError:
            channel.close()
            raise
        except OSError:
            pass  # whoever asks hears that it was closed
        with Connection(channel, deadline) as connection:
            yield connection

    def _connected(self) -> socket.socket:
        try:
            channel = socket.socket(self.family, socket.SOCK_STREAM)
        except OSError as error:
            raise NotConnectedError(error.errno or errno.EINVAL) from None
        try:
            channel.settimeout(self.seconds)
            self.opened += 1
            channel.connect(self.address)
        except TimeoutError:
            channel.close()
            raise NotConnectedError(None) from None
        except (OSError, ValueError) as error:  # the latter for a path that no socket can have
            channel.close()
            number = error.errno if isinstance(error, OSError) else None
            raise NotConnectedError(number or errno.EINVAL) from None
        return channel


def _secured(
    channel: socket.socket, context: ssl.SSLContext, server_name: str | None
) -> socket.socket:
    try:
        channel.getpeername()  # Python makes no handshake on a connection that has ended
        secured = context.wrap_socket(channel, server_hostname=server_name)
        if secured.version() is None:
            secured.close()
            raise ConnectionResetError
        return secured
    except TimeoutError:
        raise NoTlsError("no answer in time") from None
    except ssl.SSLError as error:
        raise NoTlsError(_reason(error)) from None
    except (OSError, ValueError) as error:
        _close_what_is_left(error)
        raise NoTlsError("the connection was closed") from None


def _close_what_is_left(error: Exception) -> None:
    """Close what Python leaves open where a connection ends just while it is wrapped."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        left = frame.f_locals.get("self")
        if isinstance(left, ssl.SSLSocket):
            left.close()


def _reason(error: ssl.SSLError) -> str:
    """OpenSSL's reason in words; what the other side says is an alert."""
    words = (error.reason or "it ends early").lower().replace("_", " ")
    said = words.startswith(("tlsv1 ", "tlsv13 ", "sslv3 "))
    return f"{words} (an alert)" if said and "alert" not in words else words
