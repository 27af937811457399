"""What a child that is started does at Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts(*, ignored: bool) -> Iterator[None]:
    """Children that are started meanwhile ignore SIGINT from the start, as those in the background
    of a script do, or do not, also where the tests themselves run in the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
