from __future__ import annotations

from pathlib import Path

from lint502.deployment.files import files_of
from lint502.deployment.repository import Repository

POOL = "; a pool\n[www]\nlisten = 9000\npm = static\n"


def settings(folder: Path, files: dict[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    found = files_of(Repository(folder)).settings
    return [(path.removeprefix(f"{folder}/"), words) for path, words in found]


def test_configurations_of_servers_are_known_by_what_they_have(tmp_path: Path) -> None:
    files = {
        ".conf": POOL,
        "app.ini": "# app\n[uwsgi]\nhttp = :80\n",
        "gunicorn.conf.py": "import os\nbind = ':80'\n",
        "pool.conf": POOL,
        "prod.gunicorn.conf.py": "bind = ':80'\n",
        "windows.conf": POOL.replace("\n", "\r\n"),
    }
    uwsgi, gunicorn = ("uwsgi", "--ini", "{}"), ("gunicorn", "-c", "{}", "app:app")
    assert settings(tmp_path, files) == [
        (".conf", ("php-fpm", "-y", "{}")),
        ("app.ini", uwsgi),
        ("gunicorn.conf.py", gunicorn),
        ("pool.conf", ("php-fpm", "-y", "{}")),
        ("prod.gunicorn.conf.py", gunicorn),
        ("windows.conf", ("php-fpm", "-y", "{}")),
    ]


def test_other_files_are_none(tmp_path: Path) -> None:
    nginx = "location ~ ^/[a-z]+ {\n    listen = 9000\n    pm = static\n}\n"
    files = {
        "app.conf.bak": POOL,
        "conf": POOL,
        "app.py": "bind = ':80'\n",
        "gunicorn.py": "  bind = ':80'\n",
        "nginx.conf": nginx,
        "one.ini": "[app]\nhttp = :80\n",
        "part.conf": "[www]\nlisten = 9000\n",
        "two.conf": "[www]\nlisten = 9000\n[app]\npm = static\n",
    }
    assert settings(tmp_path, files) == []
