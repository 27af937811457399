"""What Ansible puts into the templates of a role."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint502.deployment.ansible import RoleVariables
from lint502.deployment.repository import Repository
from lint502.findings import Note
from lint502.nginx.file_parser import Given
from tests.support.sites import check, write

DEFAULTS = "roles/web/defaults/main.yml"
VARS = "roles/web/vars/main.yml"
ALL = "group_vars/all.yml"


def values(folder: Path, files: dict[str, str], role: str = "roles/web") -> dict[str, Given]:
    write(folder, files)
    template = folder / role / "templates/conf.d/site.conf.j2"
    return dict(RoleVariables(Repository(folder)).of(str(template)))


def test_what_counts(tmp_path: Path) -> None:
    files = {
        DEFAULTS: "port: 1\nhost: a\nonly: d\nnginx: {port: 1, host: x}\n",
        ALL: "port: 2\nhost: b\n",
        VARS: "port: 3\nnginx: {port: 2}\n",
    }
    assert values(tmp_path, files) == {
        "only": Given("d", DEFAULTS),
        "host": Given("b", ALL),
        "port": Given("3", VARS),
        "nginx.port": Given("2", VARS),
    }


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("8080", "8080"),
        ("0", "0"),
        ("'0644'", "0644"),
        ('"yes"', "yes"),
        ("api.internal", "api.internal"),
        ("http://a:1", "http://a:1"),
        ("10.0.0.1", "10.0.0.1"),
        ("0644", None),
        ("0x10", None),
        ("1_000", None),
        ("8025:25", None),
        ("1.50", None),
        ("1.", None),
        (".5", None),
        ("2026-11-29", None),
        ("30s", "30s"),
        ("4k", "4k"),
        ("127.0.0.1:80", "127.0.0.1:80"),
        ("yes", None),
        ("off", None),
        ("~", None),
        ("", None),
        ('"{{ other }}"', None),
        ("[1, 2]", None),
        ("|\n  a\n  b", None),
        ("!vault x", None),
    ],
)
def test_what_jinja_would_write(tmp_path: Path, written: str, text: str | None) -> None:
    """YAML reads 0644 as 420 and yes as True, so that Jinja does not write what stands there."""
    found = values(tmp_path, {DEFAULTS: f"value: {written}\n"})
    assert found == ({} if text is None else {"value": Given(text, DEFAULTS)})


@pytest.mark.parametrize(
    ("file", "known"),
    [
        ("group_vars/web.yml", False),
        ("host_vars/one.example.com.yml", False),
        ("host_vars/one/main.yaml", False),
        ("inventories/prod/group_vars/all.yml", False),
        ("inventories/prod/group_vars/web", False),
        ("group_vars/all/more.yml", False),
        ("roles/other/defaults/main.yml", True),
        ("other/vars.yml", True),
    ],
)
def test_what_another_file_says(tmp_path: Path, file: str, known: bool) -> None:
    files = {ALL: "port: 1\n", "roles/web/tasks/main.yml": "", file: "port: 2\n"}
    assert values(tmp_path, files) == ({"port": Given("1", ALL)} if known else {})
    again = values(tmp_path, {**files, file: "port: 1\n"})
    assert [one.value for one in again.values()] == ["1"]


def test_a_value_that_is_not_plain_hides_the_one_below(tmp_path: Path) -> None:
    assert values(tmp_path, {DEFAULTS: "port: 1\n", VARS: 'port: "{{ other }}"\n'}) == {}


@pytest.mark.parametrize(
    "name", ["db_password", "api_token", "ssl_key", "vault_x", "client_secret"]
)
def test_secrets_stay_where_they_are(tmp_path: Path, name: str) -> None:
    assert values(tmp_path, {DEFAULTS: f"{name}: x\nkeys: z\n"}) == {"keys": Given("z", DEFAULTS)}


@pytest.mark.parametrize("text", ["a: [", "$ANSIBLE_VAULT;1.1;AES256\n6162", "- a\n- b", "\0", "a"])
def test_files_that_are_no_variables(tmp_path: Path, text: str) -> None:
    assert values(tmp_path, {DEFAULTS: text, VARS: "port: 1"}) == {"port": Given("1", VARS)}


def test_no_role(tmp_path: Path) -> None:
    assert values(tmp_path, {ALL: "port: 1"}) == {}
    assert values(tmp_path, {"web/defaults/main.yml": "host: a"}, "web") == {
        "port": Given("1", ALL),
        "host": Given("a", "web/defaults/main.yml"),
    }


def test_what_leads_out_of_the_checkout(tmp_path: Path) -> None:
    write(tmp_path, {"outside/main.yml": "port: 1", "in/.git/HEAD": "", "in/roles/web/vars/x": ""})
    inside = tmp_path / "in"
    (inside / "roles/web/defaults").symlink_to(tmp_path / "outside")
    template = str(inside / "roles/web/templates/a.j2")
    assert RoleVariables(Repository(inside)).of(template) == {}


def test_in_a_run(tmp_path: Path) -> None:
    """Values by hand count before those of files."""
    files = {
        "roles/web/templates/nginx.conf.j2": (
            "events {} http { server { location / { proxy_pass http://{{ host }}:{{ nginx.port }}; "
            "} location /b { proxy_pass http://{{ host | default('x') }}:{{ other }}; } } }"
        ),
        DEFAULTS: "host: api\nnginx: {port: 8000}\nother: 1\n",
    }
    root = "roles/web/templates/nginx.conf.j2"
    report = check(tmp_path, files, root, env={"other": "2"})
    assert [hop.targets[0].address for hop in report.hops] == ["api:8000", "api:2"]
    assert report.notes[0] == Note(
        root, None, f"a template, read with the values of host, nginx.port, other ({DEFAULTS})"
    )
