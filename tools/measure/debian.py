"""nginx as Debian's releases have it, several versions side by side, without root or a chroot.

The machine's own apt finds, fetches and verifies the packages, in folders of its own; nothing is
installed. Their files are unpacked below ``$XDG_CACHE_HOME/lint502`` (or ``~/.cache/lint502``), and
nginx is started by the loader among them, with the libraries among them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lint502.lab.bench import LabError
from tools.measure.elf import loader_of

RELEASES = ("bullseye", "bookworm", "trixie", "sid")
"""Debian's releases from which nginx is taken, the oldest first."""

_BRANCHES = {
    "bullseye": "nginx 1.18 (bullseye)",
    "bookworm": "nginx 1.22 (bookworm)",
    "trixie": "nginx 1.26 (trixie)",
    "sid": "nginx 1.30 or newer (sid)",
}
_MODULE = "libnginx-mod-stream"
_BINARIES = {"bullseye": "nginx-core"}  # where the package nginx only asks for one of several
_LIBRARY_SECTIONS = ("libs", "oldlibs")

_KEYS = Path("/usr/share/keyrings")
_KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
_ARCHIVE = "http://archive.debian.org/debian/"
_ARCHIVED_FIRST = frozenset(("bullseye",))  # no longer supported, so the next to leave the mirrors
_SUITES = frozenset((*RELEASES, "oldoldstable", "oldstable", "stable", "testing", "unstable"))

_ONLY_ON_DEBIAN = "Debian's packages can only be fetched on a Debian machine"
_TOOLS = ("apt-get", "apt-cache", "dpkg", "dpkg-deb")
_SECONDS = 300.0
_FRESH_SECONDS = 30 * 86400.0
_RETRY_SECONDS = 86400.0

# Read last of all of apt's configuration, so that the machine's proxies and the like still hold.
_CONFIGURATION = """\
Dir::State "{folder}";
Dir::State::lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}";
Dir::Cache::archives "{folder}/archives";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


class NotAvailable(LabError):
    """A release's nginx cannot be had; the message says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An nginx in the cache.

    ``command`` starts it: the loader, its options, and nginx last. ``environment`` is what it needs
    besides ours. ``modules`` is where its modules are, for it looks for them elsewhere.
    """

    release: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    modules: Path | None


def available() -> tuple[list[Unpacked], list[str]]:
    """Every release's nginx that can be had, and a sentence on each that cannot."""
    with ThreadPoolExecutor(len(RELEASES)) as pool:
        outcomes = list(pool.map(_outcome, RELEASES))
    return (
        [outcome for outcome in outcomes if isinstance(outcome, Unpacked)],
        [str(outcome) for outcome in outcomes if isinstance(outcome, NotAvailable)],
    )


def _outcome(release: str) -> Unpacked | NotAvailable:
    try:
        return unpacked(release)
    except NotAvailable as error:
        return error


def unpacked(release: str) -> Unpacked:
    """A release's nginx, from the cache, or fetched where it is not there or is 30 days old.

    Raises :class:`NotAvailable` where there is none in the cache and none can be fetched.
    """
    if release not in RELEASES:
        raise NotAvailable(f"{release} is none of Debian's releases {', '.join(RELEASES)}")
    try:
        home = _cache() / f"nginx-{release}-{platform.machine()}"
        return _described(release, _current(release, home))
    except LabError as error:
        raise NotAvailable(f"{_BRANCHES[release]}: {error}") from None
    except OSError as error:
        raise NotAvailable(
            f"{_BRANCHES[release]}: {error.filename or 'the cache'}: {error.strerror}; "
            "set XDG_CACHE_HOME to a folder that can be written and has room"
        ) from None


def _current(release: str, home: Path) -> Path:
    tree = _newest(home)
    if tree is not None and _age(tree) <= _FRESH_SECONDS:
        return tree
    try:
        return _fetched(release, home)
    except (LabError, OSError):
        if tree is None:
            raise
    with contextlib.suppress(OSError):  # the old one will do, and tomorrow we try again
        _date(tree, time.time() - _FRESH_SECONDS + _RETRY_SECONDS)
    return tree


# The cache: below the home of a release one tree for each set of packages. A tree appears under its
# name when it is complete, and its file "packages" tells by its date when the set was current.


def _cache() -> Path:
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute()
    except RuntimeError:
        raise LabError("there is no home folder; set XDG_CACHE_HOME to a folder") from None
    if re.search('[:;"]', str(base)):
        raise LabError(f"apt and the loader cannot use the folder {base}; set XDG_CACHE_HOME")
    return base / "lint502"


def _trees(home: Path) -> list[Path]:
    """The trees, the current one first."""
    return sorted((file.parent for file in home.glob("*/packages")), key=_age)


def _newest(home: Path) -> Path | None:
    return next(iter(_trees(home)), None)


def _age(tree: Path) -> float:
    return time.time() - (tree / "packages").stat().st_mtime


def _date(tree: Path, when: float) -> None:
    os.utime(tree / "packages", (when, when))


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetched(release: str, home: Path) -> Path:
    """The current tree, unless another process has just got it."""
    with _locked(home):
        tree = _newest(home)
        if tree is not None and _age(tree) <= _FRESH_SECONDS:
            return tree
        for left in home.glob("new-*"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix="new-", dir=home))
        try:
            tree = _fetch(release, home, work)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        for old in _trees(home)[2:]:  # the last but one may be in use
            shutil.rmtree(old)
        return tree


def _fetch(release: str, home: Path, work: Path) -> Path:
    for tool in _TOOLS:
        if shutil.which(tool) is None:
            raise LabError(f"this machine has no {tool}; {_ONLY_ON_DEBIAN}")
    apt = _updated(release, work)
    wanted = (_BINARIES.get(release, "nginx"), _MODULE)
    packages = needed(lambda names: apt.run("apt-cache", "show", *names), wanted)
    listing = "".join(f"{name} {version}\n" for name, version in sorted(packages.items()))
    tree = home / hashlib.sha256(listing.encode()).hexdigest()[:16]
    if not (tree / "packages").exists():
        apt.run("apt-get", "-qq", "download", *packages)
        new = work / "tree"
        new.mkdir()
        for archive in sorted(work.glob("*.deb")):
            _run(["dpkg-deb", "--extract", str(archive), str(new)], work)
        for unused in ("etc", "usr/share", "usr/lib/*/gconv"):
            for folder in new.glob(unused):
                shutil.rmtree(folder)
        (new / "packages").write_text(listing, encoding="utf-8")
        _check(_described(release, new), new)
        shutil.rmtree(tree, ignore_errors=True)
        new.rename(tree)
    _date(tree, time.time())
    return tree


@dataclass(frozen=True, slots=True)
class _Apt:
    """The machine's apt with folders of its own, so that it knows one release and nothing else."""

    folder: Path

    def run(self, program: str, *words: str) -> str:
        return _run([program, "-c", str(self.folder / "apt.conf"), *words], self.folder)

    def update(self, mirror: str, release: str, keyring: Path) -> None:
        architecture = _run(["dpkg", "--print-architecture"], self.folder).strip()
        options = f"signed-by={keyring} arch={architecture} target=Packages"
        source = f"deb [{options}] {mirror} {release} main\n"
        (self.folder / "sources.list").write_text(source, encoding="utf-8")
        self.run("apt-get", "-qq", "update")


def _updated(release: str, folder: Path) -> _Apt:
    for part in ("lists/partial", "archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "status").touch()
    text = _CONFIGURATION.format(folder=folder)
    (folder / "apt.conf").write_text(text, encoding="utf-8", errors="surrogateescape")
    apt = _Apt(folder)
    mirror, keyring = _mirror(folder), _keyring()
    try:
        apt.update(mirror, release, keyring)
    except LabError as error:
        reason = str(error).rstrip(".")
        if release not in _ARCHIVED_FIRST or "Release file" not in reason:
            raise LabError(f"{reason}; look at the network and at this machine's apt") from None
        apt.update(_ARCHIVE, release, keyring)
    return apt


def _keyring() -> Path:
    for name in _KEYRINGS:
        if (_KEYS / name).exists():
            return _KEYS / name
    raise LabError(f"{_KEYS} lacks Debian's keys; install the package debian-archive-keyring")


def _mirror(folder: Path) -> str:
    """apt knows whose archive it is only after an update, so ask a second time without that."""
    for without in ((), ("--no-release-info",)):
        line = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(LABEL)"
        command = ["apt-get", "indextargets", *without, "--format", line, "Identifier: Packages"]
        mirror = mirror_in(_run(command, folder))
        if mirror is not None:
            return mirror
    raise LabError(f"the sources of this machine's apt name no mirror of Debian; {_ONLY_ON_DEBIAN}")


def mirror_in(text: str) -> str | None:
    """Where Debian's main archive is: from lines ``address|release|component|origin|label``, in
    which apt leaves ``$(ORIGIN)`` as it is where it does not know it (apt-get(8), indextargets)."""
    guess = None
    for line in text.splitlines():
        address, release, component, origin, label = line.split("|")
        if component != "main" or address.startswith("cdrom:"):
            continue
        if (origin, label) == ("Debian", "Debian"):
            return address
        if origin in ("", "$(ORIGIN)") and release in _SUITES:
            likely = address.rstrip("/").endswith("/debian")
            guess = address if guess is None or likely else guess
    return guess


def needed(show: Callable[[Sequence[str]], str], wanted: Sequence[str]) -> dict[str, str]:
    """The versions of the wanted packages and of all libraries that they need, by name.

    ``show`` gives the paragraphs of packages, as ``apt-cache show`` does. Of what a package depends
    on, only the libraries count: the rest is for its installation.
    """
    names = set(wanted)
    while True:
        paragraphs = [_fields(text) for text in show(sorted(names)).split("\n\n") if text.strip()]
        taken = [
            fields
            for fields in paragraphs
            if fields["Package"] in wanted or fields.get("Section") in _LIBRARY_SECTIONS
        ]
        more = names.union(*map(_dependencies, taken))
        if more == names:
            break
        names = more
    packages = {fields["Package"]: fields["Version"] for fields in taken}
    for name in wanted:
        if name not in packages:
            raise LabError(f"the release has no package {name}")
    return packages


def _fields(paragraph: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w-]+): (.*)$", paragraph, re.MULTILINE))


def _dependencies(fields: Mapping[str, str]) -> set[str]:
    text = f"{fields.get('Pre-Depends', '')},{fields.get('Depends', '')}"
    return set(re.findall(r"(?:^|[,|])\s*([\w.+-]+)", text))


def _described(release: str, tree: Path) -> Unpacked:
    binary = tree / "usr/sbin/nginx"
    found = [file for base in ("lib", "usr/lib") for file in tree.glob(f"{base}/*/lib*.so.*")]
    folders = sorted({file.parent for file in found})
    name = loader_of(binary.read_bytes()) if binary.is_file() else "nginx"
    loader = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if loader is None:
        raise LabError(f"{tree} lacks {name}; remove this folder and try again")
    path = ":".join(map(str, folders))
    modules = tree / "usr/lib/nginx/modules"
    return Unpacked(
        release,
        (str(loader), "--inhibit-cache", "--library-path", path, str(binary)),
        # The machine's openssl.cnf is for another OpenSSL, what it preloads for another libc.
        {"OPENSSL_CONF": "/dev/null", "LD_PRELOAD": ""},
        modules if modules.is_dir() else None,
    )


def _check(nginx: Unpacked, tree: Path) -> None:
    """That it starts, and takes no library from the machine."""
    *loader, binary = nginx.command
    listed = _run([*loader, "--list", binary], tree, nginx.environment)
    for name, file in re.findall(r"^\s*(\S+) => (.*?)(?: \(0x\w+\))?$", listed, re.MULTILINE):
        if not file.startswith(f"{tree}/"):
            raise LabError(f"it needs {name}, which is in none of its packages")
    _run([*nginx.command, "-v"], tree, nginx.environment)


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """What a program prints; a :class:`LabError` with its own words where it fails."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=_SECONDS,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LabError(f"{command[0]} has not ended after {_SECONDS:.0f} s") from None
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        errors = [line[3:] for line in said if line.startswith("E: ")]
        words = [*errors[:1], *said[-1:], f"exit code {done.returncode}"][0]
        raise LabError(f"{Path(command[0]).name} says: {words}")
    return done.stdout
