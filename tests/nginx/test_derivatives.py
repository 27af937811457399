"""The nginx that is named, also by the versions of what is made from it."""

from __future__ import annotations

from importlib.resources import files

import pytest
import tomli

from lint502.nginx.derivatives import Named, named, said
from lint502.nginx.version import NEWEST, Version


@pytest.mark.parametrize(
    ("text", "version", "derivative", "newest"),
    [
        ("1.26.3", "1.26.3", "", ""),
        (" 1.26 ", "1.26", "", ""),
        ("nginx/1.26.3", "1.26.3", "", ""),
        ("openresty/1.27.1.2", "1.27.1", "openresty/1.27.1.2", ""),
        ("1.27.1.2", "1.27.1", "openresty/1.27.1.2", ""),
        ("OpenResty/1.29.2", "1.29.2", "openresty/1.29.2", ""),
        ("angie/1.10.1", "1.27.5", "Angie/1.10.1", ""),
        ("Angie/1.10", "1.27.5", "Angie/1.10", ""),
        ("Angie/1.9.1", "1.27.4", "Angie/1.9.1", ""),
        ("Angie/1.11.8", "1.29.3", "Angie/1.11.8", ""),
        ("Angie/1.0.0", "1.23.2", "Angie/1.0.0", ""),
        ("Angie/1.12.1", "1.31.2", "Angie/1.12.1", ""),
        ("Angie/1.13.0", "1.31.2", "Angie/1.13.0", "1.12.1"),
        ("tengine/3.1.0", "1.24.0", "Tengine/3.1.0", ""),
        ("Tengine/2.3.4", "1.18.0", "Tengine/2.3.4", ""),
        ("Tengine/2.4.1", "1.22.1", "Tengine/2.4.1", ""),
        ("Tengine/2.2.3", "1.8.1", "Tengine/2.2.3", ""),
        ("Tengine/4.0.0", "1.31.3", "Tengine/4.0.0", "3.2.0"),
        ("freenginx/1.27.0", "1.25.3", "freenginx/1.27.0", ""),
        ("freenginx/1.29.7", "1.25.3", "freenginx/1.29.7", "1.27.1"),
    ],
)
def test_what_is_written(text: str, version: str, derivative: str, newest: str) -> None:
    assert named(text) == Named(Version.parse(version), derivative, newest)


@pytest.mark.parametrize(
    "text",
    ["", "auto", "1", "1.26.x", "1.2.3.4.5", "nginx/1.2.3.4", "caddy/2.1.0", "angie/0.9.0",
     "freenginx/1.25.3", "angie/", "/1.26.3", "angie 1.10.1", "angie/1.10.1\n;", "angie/99999.1"],
)  # fmt: skip
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="version"):
        named(text)


@pytest.mark.parametrize(
    ("output", "version", "derivative"),
    [
        ("nginx version: nginx/1.26.3\n", "1.26.3", ""),
        ("nginx version: nginx/1.24.0 (Ubuntu)\n", "1.24.0", ""),
        ("nginx version: openresty/1.27.1.2\n", "1.27.1", "openresty/1.27.1.2"),
        ("Angie version: Angie/1.10.1\n", "1.27.5", "Angie/1.10.1"),
        ("Angie version: Angie/1.99.0\nnginx version: nginx/1.31.6\n", "1.31.6", "Angie/1.99.0"),
        ("Tengine version: Tengine/3.1.0\nnginx version: nginx/1.24.0\n", "1.24.0",
         "Tengine/3.1.0"),
        ("Tengine version: Tengine/2.2.2 (nginx/1.8.1)\n", "1.8.1", "Tengine/2.2.2"),
        ("nginx version: Tengine/3.1.0\n", "1.24.0", "Tengine/3.1.0"),
        ("nginx version: freenginx/1.27.1\n", "1.25.3", "freenginx/1.27.1"),
        ("nginx: [warn] x\nnginx version: nginx/1.22.1\nbuilt with OpenSSL 3.0\n", "1.22.1", ""),
    ],
)  # fmt: skip
def test_what_a_binary_says(output: str, version: str, derivative: str) -> None:
    found = said(output)
    assert found is not None
    assert (found.version, found.derivative) == (Version.parse(version), derivative)


@pytest.mark.parametrize(
    "output", ["", "command not found\n", "nginx version: caddy/2.1.0\n", "nginx/1.26.3\n"]
)
def test_what_is_no_nginx(output: str) -> None:
    assert said(output) is None


def test_the_table_goes_up_and_knows_its_newest_release() -> None:
    text = files("lint502.nginx").joinpath("derivatives.toml").read_text(encoding="utf-8")
    for row in tomli.loads(text)["derivative"]:
        starts = [tuple(map(int, start.split("."))) for start, _ in row["versions"]]
        versions = [Version.parse(version) for _, version in row["versions"]]
        assert starts == sorted(set(starts)), row["name"]
        assert versions == sorted(versions), row["name"]
        assert all(version <= NEWEST for version in versions), row["name"]
        assert not row["versions"] or named(f"{row['name']}/{row['newest']}").newest_known == ""
        assert row["source"].startswith("https://")
