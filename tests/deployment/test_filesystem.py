"""What a container has at its paths: images, mounts, removals, moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.deployment.filesystem import ContainerFiles, Listing, Missing, OnDisk
from lint502.deployment.layers import Files, Inline, Layer, Moved, Removed, Unseen, Volume
from lint502.deployment.repository import Repository
from lint502.deployment.yaml import YamlText
from lint502.places import Place

PLACE = Place("compose.yaml", 3, 1, 2)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    for name in ("nginx/nginx.conf", "nginx/conf.d/a.conf", "nginx/conf.d/b.conf", "app/run.sh"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}")
    return tmp_path


def files(here: Path, *layers: Layer) -> ContainerFiles:
    return ContainerFiles(Repository(here), layers)


def mount(here: Path, source: str, target: str, *, merges: bool = False) -> Files:
    return Files(target, str(here / source), PLACE, merges)


def copied(here: Path, source: str, target: str) -> Files:
    return mount(here, source, target, merges=True)


def test_a_mount_hides_and_a_copy_merges(here: Path) -> None:
    own = Inline("/etc/nginx/conf.d/own.conf", YamlText("# own", PLACE), PLACE)
    both = files(here, own, copied(here, "nginx/conf.d", "/etc/nginx/conf.d"))
    assert both.listing("/etc/nginx/conf.d") == Listing(("a.conf", "b.conf", "own.conf"), True)
    assert both.find("/etc/nginx/conf.d/own.conf") == own
    mounted = files(here, own, mount(here, "nginx/conf.d", "/etc/nginx/conf.d"))
    assert mounted.listing("/etc/nginx/conf.d") == Listing(("a.conf", "b.conf"), True)
    assert mounted.find("/etc/nginx/conf.d/own.conf") is None
    found = mounted.find("/etc/nginx/conf.d/a.conf")
    assert found == OnDisk(str(here / "nginx/conf.d/a.conf"), PLACE)
    source = mounted.source("/etc/nginx/conf.d/a.conf")
    assert source is not None
    assert (source.name, source.text) == ("nginx/conf.d/a.conf", "# nginx/conf.d/a.conf")


def test_a_single_file_is_seen_in_its_folder(here: Path) -> None:
    one = files(here, mount(here, "nginx/conf.d/a.conf", "/etc/nginx/conf.d/site.conf"))
    assert one.listing("/etc/nginx/conf.d") == Listing(("site.conf",), True)
    assert one.listing("/etc") == Listing(("nginx",), True)
    assert list(one.below("/etc")) == ["/etc/nginx/conf.d/site.conf"]


def test_what_is_missing_is_said(here: Path) -> None:
    missing = files(
        here,
        mount(here, "nginx/none.conf", "/etc/nginx/nginx.conf"),
        copied(here, "none", "/none"),
    )
    wanted = Missing(str(here / "nginx/none.conf"), PLACE)
    assert missing.find("/etc/nginx/nginx.conf") == wanted


def test_removals_moves_and_links(here: Path) -> None:
    moved = files(
        here,
        copied(here, "nginx", "/src"),
        Moved("/src/nginx.conf", "/etc/nginx/nginx.conf", PLACE, kept=False),
        Moved("/src/conf.d", "/etc/nginx/conf.d", PLACE),
        Removed("/etc/nginx/conf.d/a.*", PLACE),
    )
    assert moved.find("/etc/nginx/nginx.conf") == OnDisk(str(here / "nginx/nginx.conf"), PLACE)
    assert moved.find("/src/nginx.conf") is None
    assert moved.listing("/src") == Listing(("conf.d",), True)
    assert moved.listing("/etc/nginx/conf.d") == Listing(("b.conf",), True)
    assert moved.find("/etc/nginx/conf.d/a.conf") is None


def test_what_takes_files_of_an_image_away(here: Path) -> None:
    path = "/etc/nginx/conf.d/default.conf"
    for layer, taken in (
        (Removed("/etc/nginx/conf.d/*", PLACE), True),
        (Removed("/etc/nginx/nginx.conf", PLACE), False),
        (Moved(path, "/tmp/x", PLACE, kept=False), True),
        (Moved(path, "/tmp/x", PLACE), False),
        (mount(here, "nginx/conf.d", "/etc/nginx/conf.d"), True),
        (mount(here, "nginx/nginx.conf", "/etc/nginx/nginx.conf"), False),
        (copied(here, "nginx/conf.d", "/etc/nginx/conf.d"), False),
    ):
        assert files(here, layer).removes(path) is taken


def test_rendered_files(here: Path) -> None:
    rendered = files(
        here,
        copied(here, "nginx/conf.d/a.conf", "/tmp/a.tpl"),
        Moved("/tmp/a.tpl", "/etc/nginx/conf.d/a.conf", PLACE, rendered=("HOST",)),
    )
    path = str(here / "nginx/conf.d/a.conf")
    assert rendered.find("/etc/nginx/conf.d/a.conf") == OnDisk(path, PLACE, ("HOST",))


def test_links_in_a_circle_end(here: Path) -> None:
    around = files(here, Moved("/a", "/b", PLACE), Moved("/b", "/a", PLACE))
    assert around.find("/a") == Unseen("/b", PLACE)
    assert around.listing("/a") == Listing((), True)


def test_what_is_not_known(here: Path) -> None:
    volume = Volume("/etc/nginx/conf.d", PLACE)
    hidden = files(here, copied(here, "nginx/conf.d", "/etc/nginx/conf.d"), volume)
    assert hidden.find("/etc/nginx/conf.d/a.conf") == volume
    assert hidden.listing("/etc/nginx/conf.d") == Listing((), False)
    kept = Volume("/etc/nginx/conf.d", PLACE, keeps=True)
    shared = files(here, copied(here, "nginx/conf.d", "/etc/nginx/conf.d"), kept)
    assert shared.listing("/etc/nginx/conf.d") == Listing(("a.conf", "b.conf"), False)
    changed = Unseen("/etc/nginx/nginx.conf", PLACE)
    assert files(here, changed).find("/etc/nginx/nginx.conf") == changed


def test_a_dockerignore_leaves_files_out(here: Path) -> None:
    excluded = ("nginx/*", "!nginx/conf.d", "**/b.conf")
    layer = Files("/app", str(here), PLACE, merges=True, excluded=excluded)
    some = files(here, layer)
    assert some.listing("/app/nginx") == Listing(("conf.d",), True)
    assert some.listing("/app/nginx/conf.d") == Listing(("a.conf",), True)
    assert some.find("/app/nginx/nginx.conf") is None


def test_links_out_of_the_checkout_are_not_followed(here: Path, tmp_path: Path) -> None:
    (here / "out").symlink_to("/etc")
    out = files(here, mount(here, "out", "/etc/nginx"))
    assert out.listing("/etc/nginx") == Listing((), True)
    assert out.source("/etc/nginx/passwd") is None
