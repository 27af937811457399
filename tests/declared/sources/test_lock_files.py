from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from lint502.declared import profiles
from lint502.declared.sources.lock_files import _PACKAGES, _READERS, pinned, server_version
from lint502.deployment.repository import Repository

_UV = """version = 1

[[package]]
name = "gunicorn"
version = "23.0.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "shop"
version = "0.1.0"
source = { editable = "services/shop" }
"""
_POETRY = """[[package]]
name = "Uvicorn"
version = "0.30.1"
description = "The lightning-fast ASGI server."

[[package]]
name = "uvicorn-worker"
version = "0.2.0"
"""
_PIPFILE = """{
    "_meta": {},
    "default": {
        "gunicorn": {
            "hashes": ["sha256:00"],
            "version": "==22.0.0"
        }
    },
    "develop": {"waitress": {"version": "==3.0.0"}}
}
"""
_NPM3 = """{
  "lockfileVersion": 3,
  "packages": {
    "": {"dependencies": {"fastify": "^4.0.0"}},
    "apps/web": {"name": "web"},
    "apps/web/node_modules/fastify": {
      "version": "5.1.0"
    },
    "node_modules/fastify": {
      "version": "4.26.2"
    },
    "node_modules/other/node_modules/next": {
      "version": "13.0.0"
    }
  }
}
"""
_NPM1 = """{
  "lockfileVersion": 1,
  "dependencies": {
    "a": {
      "version": "1.0.0",
      "dependencies": {
        "fastify": {
          "version": "3.0.0"
        }
      }
    },
    "fastify": {
      "version": "4.26.2"
    }
  }
}
"""
_YARN1 = """# yarn lockfile v1


fastify@^3.0.0:
  version "3.29.5"

"fastify@4.x || 5", fastify@^4.0.0:
  version "4.26.2"
  dependencies:
    fastify "^3.0.0"
"""
_BERRY = """__metadata:
  version: 8

"fastify@npm:^4.0.0, fastify@npm:^4.2.0":
  version: 4.26.2
  resolution: "fastify@npm:4.26.2"

"web@workspace:apps/web":
  version: 0.0.0-use.local
"""
_PNPM9 = """lockfileVersion: '9.0'

importers:

  .:
    devDependencies:
      fastify:
        specifier: ^1.0.0
        version: 1.0.0

  apps/web:
    dependencies:
      '@nestjs/core':
        specifier: ^10.0.0
        version: 10.3.8(@nestjs/common@10.3.8)
      fastify:
        specifier: ^4.0.0
        version: 4.26.2

packages:

  fastify@3.0.0:
    resolution: {integrity: sha512-00}
"""
_PNPM5 = """lockfileVersion: 5.4

specifiers:
  fastify: ^4.0.0

dependencies:
  fastify: 4.26.2

packages:

  /fastify/3.0.0:
    version: 3.0.0
"""
_GEMFILE = """GEM
  remote: https://rubygems.org/
  specs:
    puma (6.4.2)
      nio4r (~> 2.0)
    puma-metrics (1.3.0)
      puma (>= 6.0)

DEPENDENCIES
  puma (~> 6.4)
"""
_COMPOSER = """{
    "packages": [
        {
            "name": "laravel/octane",
            "version": "v2.3.1"
        }
    ],
    "packages-dev": [
        {
            "name": "laravel/pint",
            "version": "v1.0.0"
        }
    ]
}
"""
_POM = """<project>
  <!-- <parent><groupId>org.springframework.boot</groupId>
       <artifactId>spring-boot-starter-parent</artifactId><version>1.0.0</version></parent> -->
  <parent>
    <groupId>org.springframework.boot</groupId>
    <artifactId>spring-boot-starter-parent</artifactId>
    <version>2.2.5.RELEASE</version>
  </parent>
</project>
"""
_POM_PROPERTY = """<project>
  <properties><spring-boot.version>3.2.1</spring-boot.version></properties>
  <dependencyManagement><dependencies><dependency>
    <groupId>org.springframework.boot</groupId>
    <artifactId>spring-boot-dependencies</artifactId>
    <version>${spring-boot.version}</version>
  </dependency></dependencies></dependencyManagement>
</project>
"""
_CATALOG = """[versions]
boot = "3.3.0"

[plugins]
spring-boot = { id = "org.springframework.boot", version.ref = "boot" }
"""
_SPRING = "maven:org.springframework.boot"


def _pinned(
    folder: Path, package: str, files: dict[str, str], part: str = ""
) -> tuple[str, str, int] | None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    found = pinned(package, str(folder / part), Repository(folder))
    if found is None:
        return None
    place = found.place
    written = place.text[place.column - 1 : place.end_column - 1]
    assert found.value in written
    return found.value, place.file, place.line


@pytest.mark.parametrize(
    ("package", "files", "expected"),
    [
        ("pypi:gunicorn", {"uv.lock": _UV}, ("23.0.0", "uv.lock", 5)),
        ("pypi:uvicorn", {"poetry.lock": _POETRY}, ("0.30.1", "poetry.lock", 3)),
        ("pypi:uvicorn", {"pdm.lock": _POETRY}, ("0.30.1", "pdm.lock", 3)),
        (
            "pypi:uvicorn",
            {"pylock.toml": _POETRY.replace("[[package]]", "[[packages]]")},
            ("0.30.1", "pylock.toml", 3),
        ),
        ("pypi:gunicorn", {"Pipfile.lock": _PIPFILE}, ("22.0.0", "Pipfile.lock", 6)),
        ("pypi:waitress", {"Pipfile.lock": _PIPFILE}, None),
        (
            "pypi:uvicorn",
            {"requirements.txt": "# uvicorn==1\nUvicorn[standard] == 0.30.1 ; extra>'3'\n"},
            ("0.30.1", "requirements.txt", 2),
        ),
        (
            "pypi:gunicorn",
            {"requirements.txt": "gunicorn==22.0.0 \\\n    --hash=sha256:00\n"},
            ("22.0.0", "requirements.txt", 1),
        ),
        ("pypi:gunicorn", {"requirements.txt": "gunicorn>=22.0\n"}, None),
        ("pypi:gunicorn", {"requirements.txt": "gunicorn~=22.0\n"}, None),
        ("pypi:gunicorn", {"requirements.txt": "gunicorn==22.*\n"}, None),
        ("pypi:gunicorn", {"requirements.txt": "gunicorn-color==1.0\n"}, None),
        (
            "pypi:gunicorn",
            {"requirements.txt": "-r deps/base.txt\n", "deps/base.txt": "gunicorn==1"},
            ("1", "deps/base.txt", 1),
        ),
        (
            "pypi:gunicorn",
            {"requirements.txt": "gunicorn\n-c pins.txt\n", "pins.txt": "gunicorn==2"},
            ("2", "pins.txt", 1),
        ),
        ("pypi:gunicorn", {"constraints.txt": "gunicorn==2"}, None),
        (
            "pypi:gunicorn",
            {"requirements.txt": "gunicorn==20.0\n", "requirements-dev.txt": "gunicorn==22.0\n"},
            ("20.0", "requirements.txt", 1),
        ),
        (
            "pypi:gunicorn",
            {"requirements-a.txt": "gunicorn==20.0\n", "requirements-b.txt": "gunicorn==22.0\n"},
            None,
        ),
        (
            "pypi:gunicorn",
            {"requirements.txt": "gunicorn==20.0;python_version<'3'\ngunicorn==22.0\n"},
            None,
        ),
        ("pypi:gunicorn", {"requirements.txt": "gunicorn==22.0", "uv.lock": _UV}, None),
        ("pypi:gunicorn", {"requirements.txt": "-r requirements.txt\n"}, None),
        ("npm:fastify", {"package-lock.json": _NPM3}, ("4.26.2", "package-lock.json", 10)),
        ("npm:next", {"package-lock.json": _NPM3}, None),
        ("npm:fastify", {"package-lock.json": _NPM1}, ("4.26.2", "package-lock.json", 13)),
        (
            "npm:fastify",
            {"yarn.lock": _YARN1, "package.json": '{"dependencies": {"fastify": "^4.0.0"}}'},
            ("4.26.2", "yarn.lock", 8),
        ),
        ("npm:fastify", {"yarn.lock": _YARN1, "package.json": "{}"}, None),
        (
            "npm:fastify",
            {"yarn.lock": _BERRY, "package.json": '{"dependencies": {"fastify": "^4.0.0"}}'},
            ("4.26.2", "yarn.lock", 5),
        ),
        ("npm:fastify", {"pnpm-lock.yaml": _PNPM9}, None),
        ("npm:fastify", {"pnpm-lock.yaml": _PNPM5}, ("4.26.2", "pnpm-lock.yaml", 7)),
        ("gem:puma", {"Gemfile.lock": _GEMFILE}, ("6.4.2", "Gemfile.lock", 4)),
        ("composer:laravel/octane", {"composer.lock": _COMPOSER}, ("2.3.1", "composer.lock", 5)),
        ("composer:laravel/pint", {"composer.lock": _COMPOSER}, None),
        (
            "cargo:axum",
            {"Cargo.lock": '[[package]]\nname = "axum"\nversion = "0.7.5"\n'},
            ("0.7.5", "Cargo.lock", 3),
        ),
        (
            "cargo:axum",
            {
                "Cargo.lock": '[[package]]\nname = "axum"\nversion = "0.7.5"\n'
                '\n[[package]]\nname = "axum"\nversion = "0.6.0"\n'
            },
            None,
        ),
        (
            "go:google.golang.org/grpc",
            {"go.mod": "module x\n\nrequire (\n\tgoogle.golang.org/grpc v1.64.0\n)\n"},
            ("1.64.0", "go.mod", 4),
        ),
        (
            "go:google.golang.org/grpc",
            {
                "go.mod": "require google.golang.org/grpc v1.64.0\n"
                "replace google.golang.org/grpc => ../grpc\n"
            },
            None,
        ),
        (
            "hex:bandit",
            {"mix.lock": '%{\n  "bandit": {:hex, :bandit, "1.5.2", "00", [:mix]},\n}\n'},
            ("1.5.2", "mix.lock", 2),
        ),
        (_SPRING, {"pom.xml": _POM}, ("2.2.5.RELEASE", "pom.xml", 7)),
        (_SPRING, {"pom.xml": _POM_PROPERTY}, ("3.2.1", "pom.xml", 2)),
        (
            _SPRING,
            {"build.gradle": "plugins {\n  id 'org.springframework.boot' version '3.2.1'\n}\n"},
            ("3.2.1", "build.gradle", 2),
        ),
        (
            _SPRING,
            {"build.gradle": "// id 'org.springframework.boot' version '3.2.1'\n"},
            None,
        ),
        (
            _SPRING,
            {"build.gradle.kts": 'id("org.springframework.boot") version "3.2.1"\n'},
            ("3.2.1", "build.gradle.kts", 1),
        ),
        (
            _SPRING,
            {"gradle/libs.versions.toml": _CATALOG},
            ("3.3.0", "gradle/libs.versions.toml", 2),
        ),
    ],
)  # fmt: skip
def test_what_pins_a_package(
    package: str, files: dict[str, str], expected: tuple[str, str, int] | None, tmp_path: Path
) -> None:
    assert _pinned(tmp_path, package, files) == expected


@pytest.mark.parametrize(
    ("package", "files", "part", "expected"),
    [
        ("pypi:gunicorn", {"uv.lock": _UV}, "services/shop", ("23.0.0", "uv.lock", 5)),
        ("pypi:gunicorn", {"uv.lock": _UV}, "services/other", None),
        ("pypi:gunicorn", {"requirements.txt": "gunicorn==22.0"}, "services/shop", None),
        (
            "npm:fastify",
            {"package-lock.json": _NPM3},
            "apps/web",
            ("5.1.0", "package-lock.json", 7),
        ),
        ("npm:fastify", {"package-lock.json": _NPM3}, "apps/api", None),
        ("npm:fastify", {"pnpm-lock.yaml": _PNPM9}, "apps/web", ("4.26.2", "pnpm-lock.yaml", 18)),
        (
            "npm:@nestjs/core",
            {"pnpm-lock.yaml": _PNPM9},
            "apps/web",
            ("10.3.8", "pnpm-lock.yaml", 15),
        ),
        (
            "npm:fastify",
            {"yarn.lock": _BERRY, "apps/web/package.json": '{"dependencies":{"fastify":"^4.0.0"}}'},
            "apps/web",
            ("4.26.2", "yarn.lock", 5),
        ),
        (
            "npm:fastify",
            {"yarn.lock": _BERRY, "apps/api/package.json": '{"dependencies":{"fastify":"^4.0.0"}}'},
            "apps/api",
            None,
        ),
        ("gem:puma", {"Gemfile.lock": _GEMFILE}, "apps/web", None),
        (
            "cargo:axum",
            {
                "Cargo.lock": '[[package]]\nname = "axum"\nversion = "0.7.5"\n',
                "Cargo.toml": '[workspace]\nmembers = ["api"]\n',
            },
            "api",
            ("0.7.5", "Cargo.lock", 3),
        ),
    ],
)  # fmt: skip
def test_a_lock_file_above_counts_for_the_parts_of_its_workspace(
    package: str,
    files: dict[str, str],
    part: str,
    expected: tuple[str, str, int] | None,
    tmp_path: Path,
) -> None:
    assert _pinned(tmp_path, package, files, part) == expected


@pytest.mark.parametrize(
    ("server", "files", "expected"),
    [
        ("puma", {"Gemfile.lock": _GEMFILE}, "6.4.2"),
        ("gunicorn-uvicorn", {"requirements.txt": "gunicorn==22.0.0"}, "22.0.0"),
        ("uwsgi", {"requirements.txt": "pyuwsgi==2.0.27"}, "2.0.27"),
        ("spring-boot", {"pom.xml": _POM}, "2.2.5"),
        ("puma", {"Gemfile.lock": _GEMFILE.replace("6.4.2", "7.0.0.pre1")}, None),
        ("gunicorn", {"requirements.txt": "gunicorn==22.0.0rc1"}, None),
        ("node", {"package-lock.json": _NPM3}, None),
        ("puma", {}, None),
    ],
)
def test_the_version_of_a_server(
    server: str, files: dict[str, str], expected: str | None, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = server_version(server, str(tmp_path), Repository(tmp_path))
    assert (found and found.value) == expected
    if found is not None:
        profiles.parse_server(f"{server}/{found.value}")


def test_every_server_has_a_profile_and_every_package_a_registry() -> None:
    assert set(_PACKAGES) <= set(profiles.names())
    assert {name.partition(":")[0] for names in _PACKAGES.values() for name in names} <= {*_READERS}


def test_a_large_lock_file_is_read_at_once(tmp_path: Path) -> None:
    count = 25_000
    packages = {f"node_modules/package-{at}": {"version": "1.0.0"} for at in range(count)}
    packages["node_modules/next"] = {"version": "14.2.0"}
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": packages}, indent=2))
    blocks = (f'[[package]]\nname = "package-{at}"\nversion = "1.0"\n' for at in range(count))
    (tmp_path / "poetry.lock").write_text("\n".join(blocks))
    started = time.monotonic()
    found = server_version("next", str(tmp_path), Repository(tmp_path))
    assert found is not None and found.value == "14.2.0"
    assert server_version("gunicorn", str(tmp_path), Repository(tmp_path)) is None
    assert time.monotonic() - started < 2


_SIZE = 3_000_000


@pytest.mark.parametrize(
    ("package", "name", "text"),
    [
        ("npm:next", "package-lock.json", "[" * _SIZE),
        ("npm:next", "package-lock.json", '{"packages": {"node_modules/next": 1}}'),
        ("npm:next", "package-lock.json", '{"packages": [], "dependencies": 7}'),
        ("npm:next", "pnpm-lock.yaml", " " * _SIZE),
        ("npm:next", "pnpm-lock.yaml", "next:\n" * (_SIZE // 6)),
        ("npm:next", "yarn.lock", ("next@1:\n" + "  a\n" * 5) * (_SIZE // 40)),
        ("pypi:gunicorn", "requirements.txt", "a" + " " * _SIZE),
        ("pypi:gunicorn", "requirements.txt", "gunicorn==1\n" * (_SIZE // 12)),
        ("pypi:gunicorn", "requirements.txt", "-r /etc/passwd\n-r ../../x\n-r \0\n" * 1000),
        ("pypi:gunicorn", "Pipfile.lock", '"default" ' * (_SIZE // 10)),
        ("pypi:gunicorn", "Pipfile.lock", '{"default": {"gunicorn": {"version": 7}}}'),
        ("pypi:gunicorn", "poetry.lock", '[[package]]\nname = "' * (_SIZE // 25)),
        ("gem:puma", "Gemfile.lock", "    puma (1" * (_SIZE // 12)),
        ("composer:x/y", "composer.lock", '"name": "x/y",' + " " * _SIZE),
        ("cargo:axum", "Cargo.lock", "\n" * _SIZE),
        ("go:google.golang.org/grpc", "go.mod", "google.golang.org/grpc " * (_SIZE // 25)),
        ("hex:bandit", "mix.lock", '"bandit": ' * (_SIZE // 12)),
        (_SPRING, "pom.xml", "<!--" * (_SIZE // 4)),
        (_SPRING, "pom.xml", "<groupId>" * (_SIZE // 9)),
        (_SPRING, "build.gradle", "id " * (_SIZE // 3)),
        (_SPRING, "gradle/libs.versions.toml", 'id = "org.springframework.boot' * 100_000),
    ],
)
def test_hostile_files_end_quietly(package: str, name: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    (tmp_path / "package.json").write_text('{"dependencies": {"next": "1"}}')
    started = time.monotonic()
    found = pinned(package, str(tmp_path), Repository(tmp_path))
    assert found is None or found.value == "1"
    assert time.monotonic() - started < 5
