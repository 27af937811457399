"""Whatever stands in a Compose file, it is read: no key has the form that it should have."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.support.compose import projects

KEY_NAMES = """
    image build command entrypoint ports expose volumes environment env_file networks links
    network_mode extends extra_hosts configs secrets tmpfs volumes_from profiles scale deploy
    healthcheck container_name hostname dns depends_on context dockerfile target args test aliases
    source type file service path published driver_opts o device external name content replicas
    user working_dir a b
"""
KEYS = st.sampled_from(KEY_NAMES.split())
TEXTS = st.sampled_from(
    ["", "a", "b", "web", "80", "80:80", "1-9:1-9", "./a:/b", "a:b:c:d", ":", "=", "A=1", "${X}",
     "${X:-a}", "${", "$$", "/", "..", "~", "service:b", "container:b", "host", "bind", "volume",
     "compose.yaml", "*", "[::1]:80:80", "http://localhost:80", "\u00e9", "NONE"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 70000) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | TEXTS, inner, max_size=5),
    max_leaves=30,
)
SERVICES = st.dictionaries(
    st.sampled_from(["a", "b", "web"]),
    st.dictionaries(KEYS, VALUES, max_size=8).map(lambda one: {"image": "x", **one}) | VALUES,
    min_size=1,
    max_size=3,
)
SECTIONS = st.dictionaries(
    st.sampled_from(["networks", "volumes", "configs", "secrets", "include", "name", "x-a"]), VALUES
)


@given(SERVICES, SECTIONS, SERVICES)
def test_any_file(services: object, sections: dict[str, object], over: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "compose.yaml": json.dumps({**sections, "services": services}),
            "compose.override.yaml": json.dumps({"services": over}),
            ".env": "X=80\n",
        }
        found = projects(Path(folder), files)
    for project in found.values():
        for one in project.containers:
            assert all(1 <= port.number <= 65535 for port in one.ports)
            assert set(one.aliases) <= set(one.networks)
            assert set(one.names) == {name for names in one.aliases.values() for name in names}
            targets = [layer.target for layer in one.layers]
            assert len(set(targets)) == len(targets)
