"""Reading files: bounded, of the right kind, inside the tree, shown safely."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lint502.nginx import files as module
from lint502.nginx.files import Files, OutsideTreeError, PathMap, absolute_path, has_magic
from lint502.reading import (
    MissingFileError,
    UnreadableError,
    decode,
    not_utf8,
    read_regular,
    shown,
)


class TestPathMap:
    @pytest.mark.parametrize("text", ["", "=", "/a", "/a=", "=/a"])
    def test_what_is_not_one(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(ValueError, match="is not FROM=TO"):
            PathMap.parse(text, tmp_path)

    @pytest.mark.parametrize("text", ["/a\0=/b", "/a=/b\0"])
    def test_a_nul_byte(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(ValueError, match="has a NUL byte, which no path can have"):
            PathMap.parse(text, tmp_path)

    def test_paths_are_made_absolute(self, tmp_path: Path) -> None:
        parsed = PathMap.parse("/etc/nginx/=deploy/../nginx/", tmp_path)
        assert parsed == PathMap("/etc/nginx", str(tmp_path / "nginx"))

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/etc/nginx", "/r"),
            ("/etc/nginx/a", "/r/a"),
            ("/etc/nginx-old/a", "/etc/nginx-old/a"),
            ("/etc/nginx.conf", "/etc/nginx.conf"),
            ("/x/etc/nginx/a", "/x/etc/nginx/a"),
        ],
    )
    def test_whole_components(self, path: str, expected: str) -> None:
        assert PathMap("/etc/nginx", "/r").apply(path) == expected

    def test_the_root_folder(self) -> None:
        assert PathMap("/", "/r").apply("/etc/a") == "/r/etc/a"

    def test_several_in_order(self, tmp_path: Path) -> None:
        files = Files(tmp_path, [PathMap("/a", "/b"), PathMap("/b/c", "/d"), PathMap("/a", "/no")])
        assert files.mapped("/a/c/x") == "/d/x"
        assert files.mapped("/a/e") == "/b/e"


def test_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    texts = ["a/../b", "/a//b/", "~/a", "a/~", "~nobody-has-this-name/a"]
    assert [absolute_path(text, tmp_path) for text in texts] == [
        f"{tmp_path}/b",
        "/a/b",
        "/home/me/a",
        f"{tmp_path}/a/~",
        f"{tmp_path}/~nobody-has-this-name/a",
    ]


class TestNearest:
    def test_up_to_the_working_directory(self, tmp_path: Path) -> None:
        work = tmp_path / "work"
        (work / "a/b").mkdir(parents=True)
        (tmp_path / "x").touch()
        files = Files(work)
        assert files.nearest(f"{work}/a/b", "x") is None
        (work / "x").touch()
        assert files.nearest(f"{work}/a/b", "x") == f"{work}/x"
        (work / "a/x").mkdir()
        assert files.nearest(f"{work}/a/b", "x") == f"{work}/x"
        (work / "a/b/x").touch()
        assert files.nearest(f"{work}/a/b", "x") == f"{work}/a/b/x"

    def test_up_to_the_top_of_the_repository(self, tmp_path: Path) -> None:
        (tmp_path / "repository/a").mkdir(parents=True)
        (tmp_path / "x").touch()
        files = Files(tmp_path / "elsewhere")
        assert files.nearest(f"{tmp_path}/repository/a", "x") == f"{tmp_path}/x"
        (tmp_path / "repository/.git").touch()
        assert files.nearest(f"{tmp_path}/repository/a", "x") is None

    @pytest.mark.parametrize("name", ["x" * 300, "n\0"])
    def test_names_that_no_folder_can_have(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "x").touch()
        assert Files(tmp_path).nearest(f"{tmp_path}/{name}", "x") == f"{tmp_path}/x"


class TestNames:
    def test_relative_below_the_working_directory(self, tmp_path: Path) -> None:
        files = Files(tmp_path / "work")
        assert files.name(str(tmp_path / "work/a/b")) == "a/b"
        assert files.name(str(tmp_path / "worker/a")) == str(tmp_path / "worker/a")
        assert files.name(str(tmp_path / "a")) == str(tmp_path / "a")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("plain é.conf", "plain é.conf"),
            ("a\nb", "a\\nb"),
            ("\x1b[31mred", "\\x1b[31mred"),
            ("\u202egnp", "\\u202egnp"),
            (os.fsdecode(b"a\xff"), "a\\xff"),
        ],
    )
    def test_control_characters_are_escaped(self, text: str, expected: str) -> None:
        assert shown(text) == expected


@pytest.mark.parametrize(
    ("pattern", "magic"), [("*", True), ("a?", True), ("[a]", True), ("{a,b}", False)]
)
def test_magic(pattern: str, magic: bool) -> None:
    assert has_magic(pattern) is magic


class TestReading:
    def test_inside(self, tmp_path: Path) -> None:
        (tmp_path / "a.conf").write_text("x;")
        files = Files(tmp_path)
        files.allow(str(tmp_path))
        source = files.read(str(tmp_path / "a.conf"))
        assert (source.name, source.text) == ("a.conf", "x;")
        assert files.read(str(tmp_path / "sub/../a.conf")) is source

    def test_nothing_is_allowed_by_itself(self, tmp_path: Path) -> None:
        (tmp_path / "a.conf").write_text("x;")
        with pytest.raises(OutsideTreeError):
            Files(tmp_path).read(str(tmp_path / "a.conf"))

    def test_whether_a_file_outside_exists_does_not_show(self, tmp_path: Path) -> None:
        (tmp_path / "outside").write_text("secret")
        (tmp_path / "in").mkdir()
        files = Files(tmp_path)
        files.allow(str(tmp_path / "in"))
        messages = []
        for name in ("outside", "gone", "in/../outside"):
            with pytest.raises(OutsideTreeError) as raised:
                files.read(str(tmp_path / name))
            messages.append(str(raised.value))
        assert len(set(messages)) == 1

    def test_a_folder_whose_name_starts_alike_is_outside(self, tmp_path: Path) -> None:
        for name in ("site", "site-secret"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "a").write_text("x;")
        files = Files(tmp_path)
        files.allow(str(tmp_path / "site"))
        with pytest.raises(OutsideTreeError):
            files.read(str(tmp_path / "site-secret/a"))

    def test_a_link_that_leaves_the_tree(self, tmp_path: Path) -> None:
        (tmp_path / "in").mkdir()
        (tmp_path / "secret").write_text("secret")
        (tmp_path / "in/link").symlink_to("../secret")
        (tmp_path / "in/folder").symlink_to("..")
        files = Files(tmp_path)
        files.allow(str(tmp_path / "in"))
        for path in ("in/link", "in/folder/secret"):
            with pytest.raises(OutsideTreeError):
                files.read(str(tmp_path / path))
        assert files.sees(str(tmp_path / "in/folder/*")) is None

    def test_a_link_within_the_tree(self, tmp_path: Path) -> None:
        (tmp_path / "available").mkdir()
        (tmp_path / "available/a").write_text("x;")
        (tmp_path / "enabled").mkdir()
        (tmp_path / "enabled/a").symlink_to("../available/a")
        files = Files(tmp_path)
        files.allow(str(tmp_path))
        assert files.read(str(tmp_path / "enabled/a")).text == "x;"

    def test_an_absolute_link_goes_through_the_maps(self, tmp_path: Path) -> None:
        root = tmp_path / "nginx"
        (root / "available").mkdir(parents=True)
        (root / "available/a").write_text("x;")
        (root / "a").symlink_to("/nowhere/nginx/available/a")
        files = Files(tmp_path, [PathMap("/nowhere/nginx", str(root))])
        assert files.read(str(root / "a")).text == "x;"

    def test_maps_and_allowed_paths_may_be_read(self, tmp_path: Path) -> None:
        for name in ("mapped", "allowed"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "a").write_text(name)
        files = Files(tmp_path, [PathMap("/x", str(tmp_path / "mapped"))], ["allowed"])
        assert files.read(files.mapped("/x/a")).text == "mapped"
        assert files.read(str(tmp_path / "allowed/a")).text == "allowed"

    def test_what_the_user_named_is_not_inside_for_an_include(self, tmp_path: Path) -> None:
        (tmp_path / "outside").write_text("x;")
        files = Files(tmp_path)
        assert files.read(str(tmp_path / "outside"), trusted=True).text == "x;"
        with pytest.raises(OutsideTreeError):
            files.read(str(tmp_path / "outside"))

    def test_a_nul_byte_is_in_no_name(self, tmp_path: Path) -> None:
        files = Files(tmp_path, [PathMap("/a", "/b\0")], ["c\0"])
        files.allow(f"{tmp_path}/d\0")
        with pytest.raises(OutsideTreeError):
            files.read(f"{tmp_path}/a\0")
        with pytest.raises(UnreadableError, match="has a NUL byte in its name"):
            files.read(f"{tmp_path}/a\0", trusted=True)

    def test_each_file_is_read_once_also_one_that_cannot_be(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "good").write_text("x;")
        (tmp_path / "nul").write_bytes(b"\0")
        asked = []

        def counting(path: str, limit: int) -> bytes:
            asked.append(Path(path).name)
            return read_regular(path, limit)

        monkeypatch.setattr("lint502.reading.read_regular", counting)
        files = Files(tmp_path, allow_paths=["."])
        for _ in range(3):
            assert files.read(str(tmp_path / "good")).text == "x;"
            with pytest.raises(UnreadableError, match="NUL byte") as raised:
                files.read(str(tmp_path / "nul"))
            assert raised.value.line == 1
        assert asked == ["good", "nul"]

    def test_what_cannot_be_read(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "loop").symlink_to("loop")
        os.mkfifo(tmp_path / "pipe")
        files = Files(tmp_path)
        files.allow(str(tmp_path))
        said = {}
        for name in ("folder", "loop", "pipe", "gone", "x" * 300):
            with pytest.raises(UnreadableError) as raised:
                files.read(str(tmp_path / name))
            said[name[:10]] = (str(raised.value), type(raised.value))
        assert said == {
            "folder": ("is a directory, not a file", UnreadableError),
            "loop": ("is a symbolic link that leads back to itself", UnreadableError),
            "pipe": ("is not a regular file (a device, a pipe or a socket)", UnreadableError),
            "gone": ("there is no such file", MissingFileError),
            "x" * 10: ("cannot be read: File name too long", UnreadableError),
        }

    def test_bounds(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in "abcd":
            (tmp_path / name).write_text("12345;")
        monkeypatch.setattr(module, "MAX_TOTAL_BYTES", 17)
        files = Files(tmp_path, allow_paths=["."])
        files.read(str(tmp_path / "a"))
        files.read(str(tmp_path / "b"))
        with pytest.raises(UnreadableError, match="come to more than"):
            files.read(str(tmp_path / "c"))
        monkeypatch.setattr(module, "MAX_FILES", 2)
        with pytest.raises(UnreadableError, match="more than 2 files"):
            files.read(str(tmp_path / "d"))
        monkeypatch.setattr(module, "MAX_FILE_BYTES", 5)
        with pytest.raises(UnreadableError, match="has 6 bytes") as raised:
            Files(tmp_path, allow_paths=["."]).read(str(tmp_path / "a"))
        assert raised.value.line == 1


class TestGlobs:
    def files(self, folder: Path, *names: str) -> Files:
        for name in names:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x;")
        files = Files(folder)
        files.allow(str(folder))
        return files

    def matches(self, folder: Path, files: Files, pattern: str) -> list[str]:
        return [os.path.relpath(path, folder) for path in files.matches(f"{folder}/{pattern}")]

    def test_sorted_as_nginx_does_it(self, tmp_path: Path) -> None:
        files = self.files(tmp_path, "d/b", "d/a", "d/B", "d/10", "d/9", "d/é", "d/.hidden", "c/a")
        assert self.matches(tmp_path, files, "d/*") == ["d/10", "d/9", "d/B", "d/a", "d/b", "d/é"]
        assert self.matches(tmp_path, files, "*/a") == ["c/a", "d/a"]
        assert self.matches(tmp_path, files, "d/.h*") == ["d/.hidden"]
        assert self.matches(tmp_path, files, "d/none*") == []

    def test_sets(self, tmp_path: Path) -> None:
        files = self.files(tmp_path, "d/a", "d/b", "d/^")
        assert self.matches(tmp_path, files, "d/[ab]") == ["d/a", "d/b"]
        assert self.matches(tmp_path, files, "d/[!a]") == ["d/^", "d/b"]
        assert self.matches(tmp_path, files, "d/[^a]") == ["d/^", "d/b"]

    def test_a_checkout_in_a_folder_with_brackets(self, tmp_path: Path) -> None:
        folder = tmp_path / "[work]"
        files = self.files(folder, "d/a", "d/b")
        assert files.sees(f"{folder}/d/*") is True
        assert self.matches(folder, files, "d/*") == ["d/a", "d/b"]

    def test_too_many(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MAX_GLOB_MATCHES", 2)
        files = self.files(tmp_path, "d/a", "d/b", "d/c")
        with pytest.raises(UnreadableError, match="matches 3 files; lint502 reads at most 2"):
            files.matches(f"{tmp_path}/d/*")

    def test_links_that_lead_in_a_circle_are_followed_once(self, tmp_path: Path) -> None:
        files = self.files(tmp_path, "a.x", "d/b.x")
        for number in range(10):
            (tmp_path / f"s{number}").symlink_to(".")
        (tmp_path / "d/s").symlink_to("..")
        assert self.matches(tmp_path, files, "s*/s*/s*/s*/s*/s*/s*/s*/*.x") == [
            "s0/s0/s0/s0/s0/s0/s0/s0/a.x"
        ]
        assert self.matches(tmp_path, files, "*/s/*.x") == ["d/s/a.x"]
        assert self.matches(tmp_path, files, "s*/d/*.x") == ["s0/d/b.x"]

    def test_folders_outside_are_found_but_not_searched(self, tmp_path: Path) -> None:
        files = self.files(tmp_path / "in", "d/a")
        (tmp_path / "out/sub").mkdir(parents=True)
        (tmp_path / "out/a").write_text("secret")
        (tmp_path / "in/link").symlink_to("../out")
        (tmp_path / "in/file").symlink_to("../out/a")
        (tmp_path / "in/gone").symlink_to("../gone")
        folder = tmp_path / "in"
        assert self.matches(folder, files, "*/a") == ["d/a", "link"]
        assert self.matches(folder, files, "*/none*") == ["link"]
        assert self.matches(folder, files, "*/*/a") == ["link"]

    def test_a_link_to_a_folder_goes_through_the_maps(self, tmp_path: Path) -> None:
        self.files(tmp_path, "nginx/available/a")
        (tmp_path / "nginx/enabled").symlink_to("/nowhere/nginx/available")
        files = Files(tmp_path, [PathMap("/nowhere/nginx", f"{tmp_path}/nginx")])
        assert self.matches(tmp_path, files, "nginx/e*/a") == ["nginx/enabled/a"]
        self.files(tmp_path, "nginx/available/d/b")
        assert self.matches(tmp_path, files, "nginx/e*/*/b") == ["nginx/enabled/d/b"]
        assert files.read(f"{tmp_path}/nginx/enabled/a").text == "x;"

    def test_what_is_no_folder(self, tmp_path: Path) -> None:
        files = self.files(tmp_path, "d")
        assert self.matches(tmp_path, files, "d/*") == []
        assert self.matches(tmp_path, files, "gone/*/a") == []

    def test_a_folder_that_cannot_be_listed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(folder: str) -> list[str]:
            raise PermissionError(13, "Permission denied")

        files = self.files(tmp_path, "d/a")
        monkeypatch.setattr(os, "listdir", refused)
        with pytest.raises(UnreadableError) as raised:
            files.matches(f"{tmp_path}/d/*")
        assert str(raised.value) == (f"the folder {tmp_path}/d cannot be listed: Permission denied")

    def test_all_globs_together_look_at_so_many(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        files = self.files(tmp_path, "d/a", "d/b", "e/a")
        monkeypatch.setattr(module, "MAX_LOOKED_AT", 5)
        for _ in range(2):  # the second time it is known
            assert self.matches(tmp_path, files, "d/a*") == ["d/a"]
        with pytest.raises(UnreadableError, match="look at more than 5 files and folders"):
            files.matches(f"{tmp_path}/*/b")

    def test_what_is_seen(self, tmp_path: Path) -> None:
        files = self.files(tmp_path, "d/a")
        assert files.sees(f"{tmp_path}/d/*") is True
        assert files.sees(f"{tmp_path}/gone/*") is False
        assert files.sees("/nowhere/*") is None


class TestText:
    def test_nul(self) -> None:
        with pytest.raises(UnreadableError, match="NUL byte") as raised:
            decode(b"a;\nb\0;")
        assert raised.value.line == 2

    def test_byte_order_mark(self) -> None:
        with pytest.raises(UnreadableError, match="byte order mark") as raised:
            decode(b"\xef\xbb\xbfhttp {}")
        assert raised.value.line == 1

    def test_not_utf8_is_read_and_said(self) -> None:
        text = decode(b"a;\nb \xe9;\n\xff")
        assert list(not_utf8(text)) == [
            (2, "has a byte here that is not UTF-8 (0xe9); save the file as UTF-8")
        ]
        assert list(not_utf8(decode("é".encode()))) == []
