"""What a stage has come to, instruction by instruction."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.deployment.containers import Image, Port
from lint502.deployment.dockerfile.words import expanded
from lint502.deployment.filesystem import ContainerFiles, OnDisk
from lint502.deployment.layers import Layer, Unseen
from lint502.deployment.repository import Repository
from lint502.deployment.shell import UNKNOWN
from lint502.deployment.texts import Text, Unread, Words
from lint502.places import Place
from lint502.reading import shown

MAX_LAYERS = 2_000
MAX_WHY = 200
"""Characters of a reason."""

SHELL = ("/bin/sh", "-c")

_FOLDERS = frozenset(
    ("/", "/bin", "/etc", "/etc/nginx", "/etc/nginx/conf.d", "/etc/nginx/http.d",
     "/etc/nginx/sites-available", "/etc/nginx/sites-enabled", "/etc/supervisor",
     "/etc/supervisor/conf.d", "/etc/supervisor.d", "/home", "/opt", "/root", "/run", "/srv",
     "/tmp", "/usr", "/usr/bin", "/usr/local", "/usr/local/bin", "/usr/local/etc",
     "/usr/local/etc/php", "/usr/local/etc/php/conf.d", "/usr/local/etc/php-fpm.d",
     "/usr/local/openresty/nginx", "/usr/local/openresty/nginx/conf", "/usr/share",
     "/usr/share/nginx", "/usr/share/nginx/html", "/var", "/var/lib", "/var/log", "/var/run",
     "/var/www", "/var/www/html", "/docker-entrypoint.d")
)  # fmt: skip
"""Folders that the images have in which they matter: a file that is copied to one goes into it."""


class State(Struct):
    """A stage up to some instruction. ``variables`` are those that Docker puts into the words of
    instructions and that commands see, with arguments; ``environment`` are those of the image.
    ``workdir`` is None where only the base has it."""

    repository: Repository
    escape: str
    base: Text | None
    variables: dict[str, str | None] = field(default_factory=dict)
    environment: dict[str, Text | None] = field(default_factory=dict)
    entrypoint: Words | None = None
    command: Words | None = None
    own_command: bool = False
    ports: dict[tuple[int, str], Port] = field(default_factory=dict)
    health: tuple[Port, ...] = ()
    layers: list[Layer] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    workdir: str | None = None
    user: Text | None = None
    shell: tuple[str, ...] = SHELL
    installed: set[str] = field(default_factory=set)
    unread: list[Unread] = field(default_factory=list)
    optional: set[str] = field(default_factory=set)
    """Arguments without a value."""
    runs: bool = False
    """Whether a command was run in it, which may have made any file."""

    def child(self) -> State:
        """The state of a stage that is built on this one."""
        return replace(
            self,
            variables=dict(self.variables),
            environment=dict(self.environment),
            own_command=False,
            ports=dict(self.ports),
            layers=list(self.layers),
            folders=set(self.folders),
            installed=set(self.installed),
            unread=list(self.unread),
            optional=set(self.optional),
        )

    def image(self, files: tuple[str, ...]) -> Image:
        """What is known of the image."""
        return Image(
            self.base,
            self.entrypoint,
            self.command,
            {name: text for name, text in self.environment.items() if text is not None},
            frozenset(name for name, text in self.environment.items() if text is None),
            (*self.ports.values(), *self.health),
            tuple(self.layers),
            self.workdir or "/",
            self.user,
            tuple(self.unread),
            files,
            frozenset(self.installed),
        )

    def expanded(self, text: str) -> str:
        """A word with its variables; what is not known is ``UNKNOWN``."""
        return expanded(
            text, self.variables, self.escape, empty=self._is_empty, optional=self.optional
        )

    def filled(self, text: str) -> str:
        """A heredoc with its variables. Those in small letters that it does not set itself are
        nginx's own, and Docker makes them empty: no image sets such."""
        return expanded(
            text,
            self.variables,
            quotes=False,
            empty=lambda name: name.islower() or self._is_empty(name),
            optional=self.optional,
        )

    def _is_empty(self, name: str) -> bool:
        """Whether a variable that the Dockerfile does not set is set nowhere else."""
        return self.base is not None and self.base.value == "scratch"

    def known(self, text: str) -> str | None:
        """A word with its variables; None where some of it is not known."""
        found = self.expanded(text)
        return None if UNKNOWN in found else found

    def not_known(self, place: Place, why: str) -> None:
        """Keep the reason why something could not be made out."""
        self.unread.append(Unread(place, shown(why[:MAX_WHY])))

    def path(self, written: str) -> str | None:
        """An absolute path of the container, normalised; None where it is relative to a working
        directory that is not known."""
        if not written.startswith("/") and self.workdir is None:
            return None
        return absolute(self.workdir or "/", written)

    def put(self, layer: Layer) -> None:
        """Add a layer. One that may have written anything anywhere says nothing of any file."""
        if isinstance(layer, Unseen) and layer.target == "/":
            self.not_known(layer.place, "which files it puts below / is not known")
            return
        if self.full:
            return
        self.layers.append(layer)
        if self.full:
            self.not_known(layer.place, f"lint502 follows no more than {MAX_LAYERS} written files")

    @property
    def full(self) -> bool:
        """Whether there are as many layers as are followed."""
        return len(self.layers) >= MAX_LAYERS

    def is_folder(self, path: str) -> bool:
        """Whether a path of the container is known to be a folder."""
        if path in _FOLDERS or path in self.folders:
            return True
        found = ContainerFiles(self.repository, self.layers).find(path)
        return isinstance(found, OnDisk) and self.repository.is_folder(found.path)

    def make_folder(self, path: str) -> None:
        """Note that a path is a folder, and so are those above it."""
        while path not in self.folders and path not in _FOLDERS:
            self.folders.add(path)
            path = posixpath.dirname(path)


def absolute(folder: str, written: str) -> str:
    """A path that is written in a folder, normalised."""
    path = posixpath.normpath(posixpath.join(folder, written))
    return "/" + path.lstrip("/")


def fresh(
    repository: Repository, escape: str, base: Text | None, variables: Mapping[str, str | None]
) -> State:
    """The state in which a stage that is built on an image begins."""
    return State(repository, escape, base, dict(variables), workdir=_workdir(base))


def _workdir(base: Text | None) -> str | None:
    """The working directory of an image, where it is known to have one.

    From the Dockerfiles of Docker's official images: docker-library/php (apache and fpm),
    docker-library/golang, docker-library/httpd, docker-library/tomcat, composer/docker.
    """
    if base is None:
        return None
    name, _, tag = base.value.partition("@")[0].rpartition("/")[2].partition(":")
    if name == "php" and ("fpm" in tag or "apache" in tag):
        return "/var/www/html"
    return {
        "golang": "/go",
        "httpd": "/usr/local/apache2",
        "tomcat": "/usr/local/tomcat",
        "composer": "/app",
        "wordpress": "/var/www/html",
        "drupal": "/opt/drupal",
    }.get(name, "/" if name in _AT_ROOT else None)


_AT_ROOT = frozenset(
    ("scratch", "nginx", "openresty", "node", "python", "ruby", "alpine", "debian", "ubuntu",
     "busybox", "postgres", "mysql", "mariadb", "php", "openjdk",
     "eclipse-temurin", "amazoncorretto", "rust", "fedora", "rockylinux", "almalinux")
)  # fmt: skip
"""Images whose working directory is the root."""
