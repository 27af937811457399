"""Services of a machine: the command that each runs, and what its unit says besides."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lint502.deployment.containers import HOST, Container, Program, Project
from lint502.deployment.layers import Files
from lint502.deployment.texts import Text, Unread, Words
from lint502.deployment.units import Directory, Listener, Unit
from lint502.places import Place
from tests.deployment.systemd.conftest import Units


def test_a_service_with_its_socket(units: Units) -> None:
    units.write(
        "deploy/shop.service",
        """\
        [Unit]
        Description=Shop

        [Service]
        User=shop
        Group=www-data
        UMask=0007
        RuntimeDirectory=shop
        RuntimeDirectoryMode=0750
        WorkingDirectory=/srv/shop
        Environment="WEB_CONCURRENCY=3" LEVEL=info
        ExecStart=/srv/shop/venv/bin/gunicorn \\
            --bind unix:${RUNTIME_DIRECTORY}/app.sock \\
            shop.wsgi
        PrivateTmp=true
        """,
    )
    units.write(
        "deploy/shop.socket",
        """\
        [Socket]
        ListenStream=%t/shop/app.sock
        SocketUser=www-data
        SocketMode=0660
        """,
    )
    service, socket = "deploy/shop.service", "deploy/shop.socket"
    command = "/srv/shop/venv/bin/gunicorn"
    directory = units.text(service, 8, "shop")
    assert units.project() == Project(
        name="systemd",
        kind="host",
        containers=(
            Container(
                name="shop",
                place=units.place(service, 12, command),
                program=Program(
                    words=Words(
                        (command, "--bind", "unix:/run/shop/app.sock", "shop.wsgi"),
                        units.place(service, 12, command),
                    ),
                    image=None,
                    environment={
                        "RUNTIME_DIRECTORY": Text("/run/shop", directory.place),
                        "WEB_CONCURRENCY": Text(
                            "3", units.place(service, 11, '"WEB_CONCURRENCY=3" LEVEL=info')
                        ),
                        "LEVEL": Text(
                            "info", units.place(service, 11, '"WEB_CONCURRENCY=3" LEVEL=info')
                        ),
                    },
                    workdir="/srv/shop",
                    user=units.text(service, 5, "shop"),
                ),
                namespace=HOST,
                layers=(
                    Files(
                        "/srv/shop",
                        str(units.top),
                        units.place(service, 10, "/srv/shop"),
                        merges=True,
                    ),
                ),
                unit=Unit(
                    name="shop.service",
                    listeners=(
                        Listener(
                            units.place(socket, 2, "%t/shop/app.sock"),
                            path="/run/shop/app.sock",
                            owner=units.text(socket, 3, "www-data"),
                            mode=units.text(socket, 4, "0660"),
                        ),
                    ),
                    group=units.text(service, 6, "www-data"),
                    umask=units.text(service, 7, "0007"),
                    directories=(
                        Directory("/run/shop", directory.place, units.text(service, 9, "0750")),
                    ),
                    private_tmp=True,
                ),
            ),
        ),
        files=(service, socket),
    )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("ExecStart=/bin/a --bind :80", ("/bin/a", "--bind", ":80")),
        ("ExecStart=-!/bin/a b", ("/bin/a", "b")),
        ("ExecStart=@/bin/a name b", ("/bin/a", "b")),
        ("ExecStart=/bin/a\nExecStart=\nExecStart=/bin/b", ("/bin/b",)),
        ("ExecStart=/bin/a ; /bin/b", None),
        ("ExecStart=/bin/a\nExecStart=/bin/b", None),
        ("ExecStart=/bin/a \\; b", ("/bin/a", ";", "b")),
        (r"""ExecStart=a 'b c' d"e f"g "" x\x41\ty""", ("a", "b c", "de fg", "", "xA\ty")),
        ("ExecStart=/bin/a 'b", None),
        ("ExecStart=/bin/a\\\n  # no\n ; no\n  b", ("/bin/a", "b")),
        ("ExecStart=/bin/a %p %n %% %t %i", ("/bin/a", "app", "app.service", "%", "/run", "")),
        ("ExecStart=/bin/a %H/%p", ("/bin/a", "%H/%p")),
        ("ExecStart=@bindir@/a", None),
        ("Environment=P=80\nExecStart=a :${P} $P $$P ${Q}x", ("a", ":80", "80", "$P", "x")),
        ("Environment='P=a  \"b c\"'\nExecStart=a $P ${P} $Q", ("a", "a", "b c", 'a  "b c"')),
        ("Environment=P=80\nExecStart=:/bin/a ${P}", ("/bin/a", "${P}")),
        ("PassEnvironment=P\nExecStart=/bin/a ${P} $P", ("/bin/a", "${P}", "$P")),
        ("Environment=P=%H\nExecStart=/bin/a ${P}", ("/bin/a", "${P}")),
        ("ExecStart=/bin/a ${HOME}", ("/bin/a", "${HOME}")),
        ("ExecStart=sh -c 'exec a --port $PORT'", ("sh", "-c", "exec a --port $PORT")),
        ("Type=simple", None),
        (" ExecStart = /bin/a ", ("/bin/a",)),
        ("execstart=/bin/a", None),
        ("[Install]\nExecStart=/bin/a", None),
    ],
)  # fmt: skip
def test_commands(units: Units, lines: str, words: tuple[str, ...] | None) -> None:
    found = units.service(lines).program.words
    assert (found and found.words) == words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("app@.service", ("/bin/a", ":%i", "app")),
        ("app@8001.service", ("/bin/a", ":8001", "app")),
    ],
)
def test_a_template_and_its_instance(units: Units, name: str, words: tuple[str, ...]) -> None:
    container = units.service("ExecStart=/bin/a :%i %p", name)
    assert container.name == name.removesuffix(".service")
    assert container.program.words is not None
    assert container.program.words.words == words


@pytest.mark.parametrize("name", ["user/app.service", "app.service"])
def test_a_user_has_folders_of_another_name(units: Units, name: str) -> None:
    text = "RuntimeDirectory=app\nExecStart=/bin/a %t ${RUNTIME_DIRECTORY}\n"
    container = units.service(f"{text}[Install]\nWantedBy=default.target", name)
    assert container.program.words is not None
    assert container.program.words.words == ("/bin/a", "%t", "${RUNTIME_DIRECTORY}")
    assert (container.unit and container.unit.directories) == ()


@pytest.mark.parametrize(
    ("lines", "namespace"),
    [
        ("", HOST),
        ("PrivateNetwork=yes", "app"),
        ("PrivateNetwork=no", HOST),
        ("NetworkNamespacePath=/run/netns/a", ""),
        ("PrivateNetwork=yes\n[Unit]\nJoinsNamespaceOf=b.service", ""),
    ],
)
def test_the_network(units: Units, lines: str, namespace: str) -> None:
    assert units.service(lines).namespace == namespace


@pytest.mark.parametrize(
    ("lines", "private"),
    [
        ("", False),
        ("PrivateTmp=yes", True),
        ("PrivateTmp=disconnected", True),
        ("PrivateTmp=yes\nPrivateTmp=no", False),
        ("DynamicUser=1", True),
        ("PrivateTmp=on\n[Unit]\nJoinsNamespaceOf=b.service", None),
    ],
)
def test_the_temporary_folder(units: Units, lines: str, private: bool | None) -> None:
    unit = units.service(lines).unit
    assert unit is not None
    assert (unit.private_tmp, unit.dynamic_user) == (private, "Dynamic" in lines)


def test_folders_that_systemd_makes(units: Units) -> None:
    container = units.service(
        "RuntimeDirectory=app app/own:alias /apps/repo ../up\nStateDirectory=app\n"
        "StateDirectoryMode=0700\nExecStart=/bin/a ${RUNTIME_DIRECTORY} ${STATE_DIRECTORY}"
    )
    assert container.unit is not None
    assert [(one.path, one.mode and one.mode.value) for one in container.unit.directories] == [
        ("/run/app", None),
        ("/run/app/own", None),
        ("/var/lib/app", "0700"),
    ]
    assert container.program.words is not None
    assert container.program.words.words == ("/bin/a", "/run/app:/run/app/own", "/var/lib/app")


def test_drop_ins_come_after_the_unit(units: Units) -> None:
    units.write("app.service.d/20.conf", "[Service]\nExecStart=\nExecStart=/bin/c\n")
    units.write("app.service.d/10.conf", "[Service]\nExecStart=\nExecStart=/bin/b\nUser=b\n")
    units.write("app.service.d/30.txt", "[Service]\nUser=none\n")
    container = units.service("ExecStart=/bin/a\nUser=a")
    assert container.program.words == Words(
        ("/bin/c",), units.place("app.service.d/20.conf", 3, "/bin/c")
    )
    assert container.program.user == units.text("app.service.d/10.conf", 4, "b")


ENVIRONMENT = """\
# PORT=1
; PORT=2
PORT=8000
SPACES =  a b\\
c #d
SINGLE='it is \\n
two lines'
DOUBLE="a \\"b\\" \\x \\$c"{blanks}
nothing
export X=1
LAST=9
""".replace("{blanks}", "   ")
SET = {
    "PORT": "8000", "SPACES": "a bc #d", "SINGLE": "it is \\n\ntwo lines",
    "DOUBLE": 'a "b" \\x $c', "LAST": "9",
}  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "file", "path", "folder"),
    [
        ("app.service", ".env", "/srv/shop/.env", "/srv/shop"),
        ("app.service", "conf/app.env", "/srv/shop/conf/app.env", "/srv/shop"),
        ("app.service", "api/.env", "-/srv/shop/api/.env", "/srv/shop/api"),
        (
            "debian/etc/systemd/system/app.service",
            "debian/etc/default/app",
            "/etc/default/app",
            "/",
        ),
    ],
)
def test_a_file_of_variables(units: Units, unit: str, file: str, path: str, folder: str) -> None:
    units.write(file, ENVIRONMENT)
    container = units.service(
        f"Environment=PORT=1 KEPT=2\nEnvironmentFile={path}\nWorkingDirectory={folder}\n"
        "ExecStart=/bin/a ${PORT}",
        unit,
    )
    found = {name: text.value for name, text in container.program.environment.items()}
    assert found == {**SET, "KEPT": "2"}
    assert container.program.environment["LAST"] == units.text(file, 11, "9")
    assert container.program.words is not None
    assert container.program.words.words == ("/bin/a", "8000")
    assert not container.program.open


@pytest.mark.parametrize(
    "path", ["/etc/default/app", "/srv/shop/../../etc/passwd", "%h/.env", "/srv/shop/.env"]
)
def test_a_file_of_variables_that_is_not_there(units: Units, path: str) -> None:
    container = units.service(
        f"EnvironmentFile={path}\nWorkingDirectory=/srv/shop\nExecStart=/bin/a ${{PORT}}"
    )
    assert (container.program.open, container.program.environment) == (True, {})
    assert container.program.words is not None
    assert container.program.words.words == ("/bin/a", "${PORT}")


def test_a_file_of_variables_outside(
    units: Units, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secrets"
    outside.write_text("TOKEN=hidden\n")
    (units.top / ".env").symlink_to(outside)
    container = units.service("EnvironmentFile=/srv/shop/.env\nWorkingDirectory=/srv/shop")
    assert (container.program.open, container.program.environment) == (True, {})


@pytest.mark.parametrize(
    ("written", "listener"),
    [
        ("8000", Listener(Place("", 1, 1, 2), 8000)),
        ("127.0.0.1:8000", Listener(Place("", 1, 1, 2), 8000, "127.0.0.1")),
        ("[::1]:8000", Listener(Place("", 1, 1, 2), 8000, "::1")),
        ("/run/a.sock", Listener(Place("", 1, 1, 2), path="/run/a.sock")),
        ("@a", Listener(Place("", 1, 1, 2), path="@a")),
        ("8000\nBindIPv6Only=ipv6-only", Listener(Place("", 1, 1, 2), 8000, ipv6_only=True)),
        ("127.0.0.1:80\nBindIPv6Only=ipv6-only", Listener(Place("", 1, 1, 2), 80, "127.0.0.1")),
        ("localhost:8000", None),
        ("70000", None),
        ("0", None),
        ("%H", None),
        ("@PORT@", None),
    ],
)
def test_addresses_of_sockets(units: Units, written: str, listener: Listener | None) -> None:
    units.write("web.socket", f"[Socket]\nListenStream=1\nListenStream=\nListenStream={written}\n")
    found = units.project()
    assert found is not None
    place = units.place("web.socket", 4, written.partition("\n")[0])
    if listener is None:
        assert found.containers == ()
        assert found.unread == (Unread(place, "is no address that is known"),)
        return
    (container,) = found.containers
    assert (container.name, container.program.words, container.namespace) == ("web", None, HOST)
    assert container.unit == Unit(
        "web.service",
        (
            Listener(
                place, listener.port, listener.address, listener.path, ipv6_only=listener.ipv6_only
            ),
        ),
        private_tmp=None,
    )


@pytest.mark.parametrize(
    ("lines", "service"),
    [
        ("", "web.service"),
        ("Service=app.service", "app.service"),
        ("Accept=yes", "web@.service"),
    ],
)
def test_the_service_of_a_socket(units: Units, lines: str, service: str) -> None:
    for name in ("web", "app", "web@"):
        units.write(f"{name}.service", "[Service]\nExecStart=/bin/a\n")
    units.write("web.socket", f"[Socket]\nListenStream=80\n{lines}\n")
    found = units.project()
    assert found is not None
    assert [one.unit.name for one in found.containers if one.unit and one.unit.listeners] == [
        service
    ]


def test_two_units_of_one_name(units: Units) -> None:
    units.write("dev/app.service", "[Service]\nExecStart=/bin/a\n")
    units.write("prod/app.service", "[Service]\nExecStart=/bin/b\n")
    found = units.project()
    assert found is not None
    assert [one.name for one in found.containers] == ["app", "prod/app.service"]


@pytest.mark.parametrize("mark", ["{{ port }}", "{% if x %}", "<%= port %>"])
def test_a_template_of_another_program(units: Units, mark: str) -> None:
    units.write("app.service", f"[Service]\nExecStart=/bin/a {mark}\n")
    found = units.project()
    assert found is not None
    assert found.containers == ()
    place = Place("app.service", 2, 1, 18 + len(mark), f"ExecStart=/bin/a {mark}")
    assert found.unread == (
        Unread(place, "is a template of a unit; lint502 reads what is rendered from it"),
    )


@pytest.mark.parametrize(
    "text", ["", "[Unit]\nDescription=x\n", "ExecStart=/bin/a\n", "[Service", "\\", "=\n[]\n="]
)
def test_no_unit(units: Units, text: str) -> None:
    units.write("app.service", text)
    assert units.project() is None


def test_unreadable(units: Units, tmp_path: Path) -> None:
    (tmp_path / "app.service").write_bytes(b"[Service]\n\0")
    found = units.project()
    assert found is not None
    assert found.unread == (
        Unread(Place("app.service", 2, 1, 2), "has a NUL byte here: this is no text file"),
    )


def test_what_multiplies_is_bounded(units: Units) -> None:
    big = "x" * 50_000
    words = "$A ${A}" * 20_000
    started = time.process_time()
    container = units.service(f"Environment=A={big}\nExecStart=/bin/a {words}")
    assert time.process_time() - started < 5
    assert container.program.words is not None
    assert sum(map(len, container.program.words.words)) < 1024**2
