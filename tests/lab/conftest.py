from __future__ import annotations

import pytest

from lint502.lab import play
from lint502.lab.namespace import NoNamespaceError
from tests.support.cli import run
from tests.support.nginxes import lacks

__all__ = ["run"]


@pytest.fixture(autouse=True)
def namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that takes a network namespace says so where the machine lets nobody make one, also
    where lint502 would only say that it cannot show something."""
    isolated = play._play_isolated

    def made(*task: object) -> object:
        try:
            return isolated(*task)  # type: ignore[arg-type]
        except NoNamespaceError as error:
            lacks(error)

    monkeypatch.setattr(play, "_play_isolated", made)
