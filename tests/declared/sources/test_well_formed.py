"""Spec files without a mistake: the short way reads what pydantic's models read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from lint502.declared.sources.upstreams_toml import form, well_formed

TABLES = {
    form.SpecFile: well_formed.FILE,
    form.FrontTable: well_formed.FRONT,
    form.ListenerTable: well_formed.LISTENER,
    form.LimitsTable: well_formed.LIMITS,
    form.KeepaliveTable: well_formed.KEEPALIVE,
    form.TimeoutsTable: well_formed.TIMEOUTS,
    form.TlsTable: well_formed.TLS,
    form.SocketTable: well_formed.SOCKET,
    form.DirectoryTable: well_formed.DIRECTORY,
}
NAMES = st.sampled_from(["a", "app.internal", "", "a b", "10.0.0.1"])
VALUES = st.sampled_from(
    [
        *(
            "30s",
            "0",
            "16k",
            "x y",
            "",
            "\x00",
            "/run/a.sock",
            "/run",
            "/",
            "unix:/a",
            "0660",
            "999",
        ),
        *(
            "http",
            "fastcgi",
            "grpc",
            "2",
            "1.1",
            "TLSv1.2",
            "required",
            "none",
            "answer",
            "haproxy",
        ),
        *("gunicorn/22.0", "gunicorn", "nobody", "10.0.0.1", "::1", "[::1]", "*", "a:80", "a.b"),
        *(True, False, 0, 1, 80, 65536, 2**53, 2**64, -1, 1.5),
    ]
)


def table(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """A table with some keys of a model, and values that may be wrong."""
    inner = {
        "upstream": st.dictionaries(
            NAMES, st.deferred(lambda: LISTENERS | st.lists(LISTENERS, max_size=2)), max_size=2
        ),
        "front": st.dictionaries(NAMES, st.deferred(lambda: table(form.FrontTable)), max_size=1),
        "limits": st.deferred(lambda: table(form.LimitsTable)),
        "timeouts": st.deferred(lambda: table(form.TimeoutsTable)),
        "keepalive": st.deferred(lambda: table(form.KeepaliveTable)) | VALUES,
        "tls": st.deferred(lambda: table(form.TlsTable)) | VALUES,
        "socket": st.deferred(lambda: table(form.SocketTable)) | VALUES,
        "directory": st.deferred(lambda: table(form.DirectoryTable)),
        "directories": st.lists(st.deferred(lambda: table(form.DirectoryTable)), max_size=2),
    }
    known = {
        key: inner.get(key, VALUES | st.lists(VALUES, max_size=2)) for key in model.model_fields
    }
    return st.fixed_dictionaries({}, optional={**known, "other": VALUES})


LISTENERS = table(form.ListenerTable)


@pytest.mark.parametrize(("model", "checks"), TABLES.items())
def test_it_has_the_keys_of_the_form(model: type[BaseModel], checks: dict[str, Any]) -> None:
    assert list(checks) == list(model.model_fields)


@given(data=table(form.SpecFile) | st.fixed_dictionaries({"upstream": st.dictionaries(
    st.just("a"), st.one_of(*(
        st.fixed_dictionaries({key: VALUES | st.lists(VALUES, max_size=2)})
        for key in form.ListenerTable.model_fields
    ))
)}))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_it_reads_what_the_form_reads(data: dict[str, Any]) -> None:
    found = well_formed.tables_in(data)
    try:
        wanted = form.SpecFile.model_validate(data)
    except ValidationError:
        assert found is None
        return
    assert found == wanted.model_dump(exclude_none=True, warnings=False)


def test_it_reads_a_whole_file() -> None:
    socket = {"path": "/run/a/b.sock", "mode": "0660", "directory": {"mode": "0750"}}
    upstream = {
        "port": 3000,
        "hosts": ["[::1]"],
        "server": "gunicorn/22.0",
        "timeouts": {"request": "1m30s"},
        "keepalive": {"idle_timeout": "5s"},
        "limits": {"request_headers": 8190, "overflow": "answer"},
        "tls": {"versions": ["TLSv1.2"], "chain_depth": 1},
    }
    front = {"kind": "aws-alb", "idle_timeout": "60s"}
    data = {
        "complete": True,
        "upstream": {"a": [upstream], "b": {"socket": socket}},
        "front": {"f": front},
    }
    assert well_formed.tables_in(data) == {
        "complete": True,
        "upstream": {
            "a": [
                {
                    "hosts": ["::1"],
                    "port": 3000,
                    "server": "gunicorn/22.0",
                    "tls": {"versions": ["TLSv1.2"], "chain_depth": 1},
                    "timeouts": {"request": 90_000},
                    "keepalive": {"idle_timeout": 5_000},
                    "limits": {"request_headers": 8190, "overflow": "answer"},
                }
            ],
            "b": {"socket": {"path": "/run/a/b.sock", "mode": 0o660, "directory": {"mode": 0o750}}},
        },
        "front": {"f": {"kind": "aws-alb", "idle_timeout": 60_000}},
    }
