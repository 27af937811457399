"""Apache httpd with the event MPM, with and without TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lint502.lab.bench import LOOPBACK, LabError
from tools.measure.servers.model import Endpoint, Family, Program, Room, binary, said_version, user

_MODULES = ("mpm_event", "authz_core", "reqtimeout", "ssl", "dir")
_FOLDERS = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/local/apache2/modules")
_CONFIGURATION = """\
{modules}
ServerRoot {folder}
ServerName localhost
DefaultRuntimeDir {folder}
PidFile {folder}/httpd.pid
Mutex pthread
ErrorLog /dev/stderr
{user}DocumentRoot {folder}/htdocs
<Directory {folder}/htdocs>
    Require all granted
</Directory>
FallbackResource /index.html
Listen {plain}
Listen {tls}
<VirtualHost {tls}>
    SSLEngine on
    SSLCertificateFile {certificate}
    SSLCertificateKeyFile {key}
</VirtualHost>
"""


def _apache() -> str:
    return binary("apache2", "apache2-bin")


def _module(name: str) -> str:
    for folder in _FOLDERS:
        file = Path(folder) / f"mod_{name}.so"
        if file.exists():
            return f"LoadModule {name}_module {file}"
    raise LabError(f"Apache's mod_{name} is missing; install it (Debian: apache2-bin)")


def _programs(room: Room) -> Iterator[Program]:
    plain = Endpoint("apache", "http", room.port())
    tls = Endpoint("apache", "https", room.port())
    name = user()
    room.write("htdocs/index.html", "ok")
    configuration = room.write(
        "httpd.conf",
        _CONFIGURATION.format(
            modules="\n".join(map(_module, _MODULES)),
            folder=room.folder,
            user="" if name is None else f"User {name}\nGroup #65534\n",
            plain=f"{LOOPBACK}:{plain.port}",
            tls=f"{LOOPBACK}:{tls.port}",
            certificate=room.certificate.file,
            key=room.certificate.key,
        ),
    )
    yield Program((_apache(), "-D", "FOREGROUND", "-f", configuration), (plain, tls))


FAMILY = Family("apache", lambda: said_version((_apache(), "-v")), _programs)
