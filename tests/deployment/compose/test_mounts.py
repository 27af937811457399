"""What a service mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.deployment.compose.volume_syntax import ShortVolume, parse_volume
from lint502.deployment.layers import Files, Inline, Layer, Volume
from tests.support.compose import project, service

Shown = tuple[str, str, str | None, bool | None]


def shown(layer: Layer, folder: Path) -> Shown:
    if isinstance(layer, Files):
        source = layer.source.replace(str(folder), ".")
        return ("files", layer.target, source, None)
    if isinstance(layer, Inline):
        return ("inline", layer.target, layer.text.value, None)
    assert isinstance(layer, Volume)
    name = layer.name and layer.name.replace(str(folder.parent), "..")
    return ("volume", layer.target, name, layer.keeps)


def layers(folder: Path, text: str, top: str = "") -> list[Shown]:
    lines = "".join(f"    {line}\n" for line in text.strip("\n").split("\n"))
    found = project(folder, f"services:\n  web:\n    image: web\n{lines}{top}")
    return [shown(layer, folder) for layer in found.containers[0].layers]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data", ShortVolume(None, "/data")),
        ("vol:/data", ShortVolume("vol", "/data")),
        ("./a:/b:ro,z", ShortVolume("./a", "/b", ("ro", "z"))),
        ("C:\\x:/y", ShortVolume("C:\\x", "/y")),
        ("c:/x:d:\\y:ro", ShortVolume("c:/x", "d:\\y", ("ro",))),
        ("~/x:/y", ShortVolume("~/x", "/y")),
        ("", None),
        (":/y", None),
        ("x:", None),
        ("x::y", None),
    ],
)
def test_the_short_form(text: str, expected: ShortVolume | None) -> None:
    assert parse_volume(text) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("./x.conf:/etc/nginx/x.conf:ro", ("files", "/etc/nginx/x.conf", "./x.conf", None)),
        (".:/app", ("files", "/app", ".", None)),
        ("./a/../b/:/b/", ("files", "/b", "./b", None)),
        ("$PWD/c:/c", ("files", "/c", "./c", None)),
        ("nginx.conf:/etc/nginx.conf", ("volume", "/etc/nginx.conf", "nginx.conf", True)),
        ("data:/data", ("volume", "/data", "data", True)),
        ("data:/data:nocopy", ("volume", "/data", "data", False)),
        ("/data", ("volume", "/data", None, True)),
        ("../other/x:/x", ("volume", "/x", "../other/x", False)),
        ("/etc/nginx:/etc/nginx", ("volume", "/etc/nginx", "/etc/nginx", False)),
        ("~/x:/x", ("volume", "/x", "~/x", False)),
        ("$DIR/x:/x", ("volume", "/x", None, False)),
        ("${DIR:-./d}/x:/x", ("files", "/x", "./d/x", None)),
        ("{type: bind, source: ./a, target: /a}", ("files", "/a", "./a", None)),
        ("{type: bind, source: a, target: /a}", ("files", "/a", "./a", None)),
        ("{type: volume, source: v, target: /a}", ("volume", "/a", "v", True)),
        ("{type: volume, source: v, target: /a, volume: {nocopy: true}}",
         ("volume", "/a", "v", False)),
        ("{type: volume, source: v, target: /a, volume: {subpath: s}}",
         ("volume", "/a", "v/s", False)),
        ("{type: volume, target: /a}", ("volume", "/a", None, True)),
        ("{type: tmpfs, target: /a}", ("volume", "/a", None, False)),
        ("{type: npipe, source: x, target: /a}", ("volume", "/a", None, False)),
    ],
)  # fmt: skip
def test_volumes(tmp_path: Path, written: str, expected: Shown) -> None:
    folder = tmp_path / "in"
    assert layers(folder, f"volumes:\n- {written}") == [expected]


def test_an_image_is_mounted(tmp_path: Path) -> None:
    text = "volumes: [{type: image, source: 'x:1', target: /a, image: {subpath: conf}}]"
    (found,) = service(tmp_path, text).layers
    assert isinstance(found, Files)
    assert (found.target, found.source, found.from_image) == ("/a", "/conf", "x:1")


def test_named_volumes(tmp_path: Path) -> None:
    top = """
volumes:
  bound: {driver: local, driver_opts: {type: none, o: 'bind,ro', device: ./data}}
  named: {name: other}
  nfs: {driver_opts: {type: nfs, o: addr=x, device: ':/x'}}
  empty:
"""
    text = "volumes: ['bound:/a', 'named:/b', 'nfs:/c', 'empty:/d']"
    assert layers(tmp_path, text, top) == [
        ("files", "/a", "./data", None),
        ("volume", "/b", "other", True),
        ("volume", "/c", "nfs", True),
        ("volume", "/d", "empty", True),
    ]


def test_outer_folders_come_first_and_a_later_mount_counts(tmp_path: Path) -> None:
    text = """
volumes:
- ./x.conf:/etc/nginx/conf.d/x.conf
- ./old:/etc/nginx/conf.d
- ./new:/etc/nginx/conf.d
tmpfs: [/run, '/tmp:mode=755']
"""
    assert layers(tmp_path, text) == [
        ("volume", "/run", None, False),
        ("volume", "/tmp", None, False),
        ("files", "/etc/nginx/conf.d", "./new", None),
        ("files", "/etc/nginx/conf.d/x.conf", "./x.conf", None),
    ]


def test_one_tmpfs(tmp_path: Path) -> None:
    assert layers(tmp_path, "tmpfs: /run") == [("volume", "/run", None, False)]


def test_volumes_from(tmp_path: Path) -> None:
    text = """
services:
  web: {image: web, volumes_from: ['app:ro', 'container:x'], volumes: ['./b:/b']}
  app: {image: app, volumes: ['./a:/a', './c:/b'], volumes_from: [web]}
"""
    web = project(tmp_path, text).containers[0]
    assert [shown(one, tmp_path) for one in web.layers] == [
        ("files", "/a", "./a", None),
        ("files", "/b", "./b", None),
    ]
    assert {one.why for one in web.unread} == {"mounts what another container has"}


CONFIGS = """
configs:
  site: {file: ./site.conf}
  text:
    content: |
      proxy_pass http://${API:-api}:8000;
      set $$a ${B};
  outside: {external: true}
  variable: {environment: V}
  driven: {file: ./x, template_driver: golang}
secrets:
  key: {file: ./key.pem}
  word: {environment: W}
"""


def test_configs_and_secrets(tmp_path: Path) -> None:
    text = """
configs:
- site
- {source: text, target: /etc/nginx/conf.d/default.conf}
- {source: outside, target: x.conf}
- nowhere
- variable
- driven
secrets: [key, {source: key, target: other.pem}, {source: word, target: /w}]
"""
    content = "proxy_pass http://api:8000;\nset $a ${B};\n"
    assert sorted(layers(tmp_path, text, CONFIGS)) == [
        ("files", "/run/secrets/key", "./key.pem", None),
        ("files", "/run/secrets/other.pem", "./key.pem", None),
        ("files", "/site", "./site.conf", None),
        ("inline", "/etc/nginx/conf.d/default.conf", content, None),
        ("volume", "/driven", None, False),
        ("volume", "/nowhere", None, False),
        ("volume", "/variable", None, False),
        ("volume", "/w", None, False),
        ("volume", "/x.conf", None, False),
    ]


def test_the_place_of_a_text(tmp_path: Path) -> None:
    found = project(tmp_path, "services:\n  web: {image: web, configs: [text]}\n" + CONFIGS)
    (layer,) = found.containers[0].layers
    assert isinstance(layer, Inline)
    assert (layer.place.line, layer.text.place.line, layer.text.block) == (2, 7, "|")
    assert layer.exact is False
    plain = CONFIGS.replace("$$", "").replace("$", "")
    found = project(tmp_path, "services:\n  web: {image: web, configs: [text]}\n" + plain)
    (layer,) = found.containers[0].layers
    assert isinstance(layer, Inline)
    assert layer.exact is True


def test_a_config_from_a_variable(tmp_path: Path) -> None:
    text = "services: {web: {image: web, configs: [variable]}}" + CONFIGS
    (layer,) = project(tmp_path, text, {".env": "V=x;"}).containers[0].layers
    assert shown(layer, tmp_path) == ("inline", "/variable", "x;", None)


def test_a_target_that_is_not_known_is_said(tmp_path: Path) -> None:
    found = service(tmp_path, "volumes: ['./a:$X', '$ALL', {type: bind, source: ./a}]")
    assert found.layers == ()
    assert [one.why for one in found.unread] == ["mounts something at a path that is not known"] * 3
