"""The text of a JSON report."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lint502.report.json import dump

TEXTS = st.text(st.characters(exclude_categories=()))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


@given(value=st.dictionaries(TEXTS, VALUES))
def test_it_is_written_as_python_writes_it(value: dict[str, Any]) -> None:
    assert dump(value) == json.dumps(value, indent=2) + "\n"
