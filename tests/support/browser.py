"""A headless Chromium for tests, as Debian has it, and scripts, as npm has them, to run in it."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.nginxes import lacks

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@dataclass(frozen=True, slots=True)
class Packaged:
    """A script in a package of npm, of which the SHA-512 is known."""

    package: str
    version: str
    file: str
    sha512: str


MERMAID = Packaged(
    "mermaid",
    "11.17.2",
    "dist/mermaid.min.js",
    "V6K3C8EBdEsPFZXSKMJe6ppQOENxuHARr9GvHX4hh47lAbhMRD9qf4oEK7LoaRQxULMa80/qt5gHO73aCleBBg==",
)
AXE = Packaged(
    "axe-core",
    "4.14.1",
    "axe.min.js",
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
)
"""Finds what people cannot reach, read or tell apart in a page."""

_SECONDS = 300
_COMMANDS = ("chromium-headless-shell", "chromium", "google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that keeps nothing."""
    from playwright.sync_api import sync_playwright

    command = next(filter(None, map(shutil.which, _COMMANDS)), None)
    if command is None:
        lacks("no Chromium is installed: scripts/ensure-servers brings it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass(slots=True)
class Seen:
    """What a page did: what it logged, the errors of its script, what it asked for."""

    page: Page
    logged: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def page_of(
    browser: Browser, width: int = 1280, scheme: str = "light", bypass_csp: bool = False
) -> Seen:
    """An empty page that is observed; ``bypass_csp`` lets scripts of the test into it."""
    assert scheme in ("light", "dark")
    page = browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        bypass_csp=bypass_csp,
    )
    seen = Seen(page)
    page.on("console", lambda message: seen.logged.append(message.text))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("request", lambda request: seen.requests.append(request.url))
    return seen


@cache
def script(packaged: Packaged) -> Path:
    """The script, from the cache, or fetched with npm where it is not there."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    name = f"{packaged.package}-{packaged.version}"
    cached = Path(home) / "lint502" / f"{name}.js"
    if cached.is_file():
        return cached
    npm = shutil.which("npm")
    if npm is None:
        lacks("no npm is installed: scripts/ensure-servers brings it")
    cached.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cached.parent) as folder:
        packed = subprocess.run(
            [npm, "pack", "--silent", f"{packaged.package}@{packaged.version}"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
        archive = Path(folder) / f"{name}.tgz"
        if packed.returncode or not archive.is_file():
            lacks(f"npm gives no {name}: {packed.stderr.strip()[-300:]}")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        assert digest == packaged.sha512, "this is another package than was looked at"
        with tarfile.open(archive) as files:
            found = files.extractfile(f"package/{packaged.file}")
            assert found is not None
            whole = Path(folder) / "script.js"
            whole.write_bytes(found.read())
        whole.replace(cached)
    return cached
