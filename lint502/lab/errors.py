"""What can go wrong in the lab: with a scene, or with the machine that it runs on."""

from __future__ import annotations

import errno

from lint502.patterns import regex

_LACKS = {
    errno.EMFILE: "a process may not have that many open files; raise the limit (ulimit -n)",
    errno.ENFILE: "the machine has too many open files",
    errno.ENOSPC: "the disk is full where temporary files are; free some space, or set TMPDIR",
    errno.EDQUOT: "the quota of the disk is used up; free some space, or set TMPDIR",
    errno.EFBIG: "files may not get that large; raise the limit (ulimit -f)",
    errno.EROFS: "temporary files cannot be written; set TMPDIR to where they can",
    errno.ENOMEM: "there is no memory left",
    errno.EAGAIN: "no more processes or threads can be started; raise the limit (ulimit -u)",
    errno.EADDRNOTAVAIL: "there is no loopback interface with 127.0.0.1, or it is down",
    errno.ENETUNREACH: "there is no loopback interface with 127.0.0.1, or it is down",
    errno.ENETDOWN: "the loopback interface is down",
    errno.EAFNOSUPPORT: "it lets programs open no sockets of IPv4",
}

_LOGGED = (errno.ENOMEM, errno.ENFILE, errno.EMFILE, errno.EFBIG, errno.ENOSPC, errno.EDQUOT)
"""What no demonstration brings about, so that it is the machine's where nginx logs it."""

_NUMBER = regex(r"\((\d+): ")


class LabError(Exception):
    """Something in the lab did not work; the message says what, and what to do."""


class MachineError(Exception):
    """The machine lacks something, so what came of a scene says nothing; the message says what it
    lacks, and what to do."""


def lack(error: BaseException) -> str | None:
    """What the machine lacks where this error comes up; None where it comes from elsewhere."""
    if isinstance(error, MemoryError):
        return _LACKS[errno.ENOMEM]
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return _LACKS[errno.EAGAIN]
    return _LACKS.get(error.errno or 0) if isinstance(error, OSError) else None


def logged_lack(message: str) -> str | None:
    """The same of a message that nginx logs."""
    number = _NUMBER.search(message)
    code = 0 if number is None else int(number[1])
    return _LACKS[code] if code in _LOGGED else None


def failed(error: OSError, message: str) -> LabError | MachineError:
    """The error to raise where something failed for the reason that another one gives."""
    found = lack(error)
    if found is not None:
        return MachineError(found)
    return LabError(f"{message}: {error.strerror or error}")
