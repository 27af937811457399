"""The libraries of ``lint502[lab]``, which plain lint502 does without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lint502.lab.bench import LabError


@contextmanager
def needed() -> Iterator[None]:
    """Around an import: raises LabError, which says what to install, where it fails."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise LabError(
            f"the lab needs {error.name}. Install it with: pip install 'lint502[lab]'"
        ) from None
