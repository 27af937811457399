"""What the commands of RUN do to files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deployment.dockerfile.test_files import layers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rm /etc/nginx/conf.d/default.conf", [("/etc/nginx/conf.d/default.conf", "removed")]),
        ("rm -rf /a/* b && :", [("/a/*", "removed"), ("/b", "removed")]),
        ("cd /etc/nginx && rm a && (cd /x; rm b) && rm c",
         [("/etc/nginx/a", "removed"), ("/x/b", "removed"), ("/etc/nginx/c", "removed")]),
        ("cd $HOME && rm a; rm /b", [("/b", "removed")]),
        ("cp /a /b", [("/b", "copied", "/a")]),
        ("cp -a /a /etc/nginx/", [("/etc/nginx/a", "copied", "/a")]),
        ("cp /a /etc/nginx", [("/etc/nginx/a", "copied", "/a")]),
        ("cp /a /b /c", [("/c/a", "copied", "/a"), ("/c/b", "copied", "/b")]),
        ("cp -r /a/. /c/", [("/c", "copied", "/a")]),
        ("cp -t /c /a", [("/c/a", "copied", "/a")]),
        ("mv -f /a /b", [("/b", "moved", "/a")]),
        ("mv /src/*.conf /c/",
         [("/c/a.conf", "moved", "/src/a.conf"), ("/c/b.conf", "moved", "/src/b.conf")]),
        ("cp /nowhere/*.conf /c/", [("/c", "unseen")]),
        ("cp $NO /c", [("/c", "unseen")]),
        ("install -m 644 -o root /a /b", [("/b", "copied", "/a")]),
        ("install -d /a /b", []),
        ("ln -sf /a /b", [("/b", "copied", "/a")]),
        ("ln -s ../x /a/b/c", [("/a/b/c", "copied", "/a/x")]),
        ("ln -sf /dev/stdout /var/log/nginx/access.log", []),
        ("ln -s /a /etc/nginx/sites-enabled/", [("/etc/nginx/sites-enabled/a", "copied", "/a")]),
        ("envsubst < /a > /b", [("/b", "rendered", "/a")]),
        ("envsubst '$A ${B}' < /a > /b", [("/b", "rendered A B", "/a")]),
        ("cat /a | envsubst '\\$A' > /b", [("/b", "rendered A", "/a")]),
        ("envsubst \"$(env)\" < /a > /b", [("/b", "unseen")]),
        ("cat /a > /b", [("/b", "copied", "/a")]),
        ("cat /a /c > /b", [("/b", "unseen")]),
        ("echo 'a b;' > /b", [("/b", "text", "a b;\n")]),
        ("echo -n \"a $P\" > /b", [("/b", "text", "a 80")]),
        ("echo \"a $NO\" > /b", [("/b", "unseen")]),
        ("echo 'a\\nb' > /b", [("/b", "unseen")]),
        ("echo -e 'a\\nb' > /b", [("/b", "text", "a\nb\n")]),
        ("printf 'a %s\\n' b c > /b", [("/b", "text", "a b\na c\n")]),
        ("printf '%d' 1 > /b", [("/b", "unseen")]),
        ("{ echo a; printf b; echo; } > /b", [("/b", "text", "a\nb\n")]),
        ("set -e; { echo '[www]'; echo 'listen = 9000'; } | tee /b",
         [("/b", "text", "[www]\nlisten = 9000\n")]),
        ("( echo a && echo b ) > /b", [("/b", "text", "a\nb\n")]),
        ("echo x; { echo a; date; } > /b", [("/b", "unseen")]),
        ("if a; then echo b; fi > /b", [("/b", "unseen")]),
        ("[ a ] || { echo a; } > /b", [("/b", "unseen")]),
        ("echo a | tee /b /c", [("/b", "text", "a\n"), ("/c", "text", "a\n")]),
        ("echo a | tee -a /b", [("/b", "unseen")]),
        ("date > /b", [("/b", "unseen")]),
        ("> /b", [("/b", "text", "")]),
        ("echo 'daemon off;' >> /etc/nginx/nginx.conf", []),
        ("echo \"\\ndaemon off;\" >> /etc/nginx/nginx.conf", []),
        ("echo a >> /b", [("/b", "unseen")]),
        ("a > /dev/null 2>&1 2> /b", [("/b", "unseen")]),
        ("sed -i 's/a/b/' /a /b", [("/a", "unseen"), ("/b", "unseen")]),
        ("sed -i.bak -e s/a/b/ -e s/c/d/ /a", [("/a", "unseen")]),
        ("sed -ri s/a/b/ /c/*.conf", [("/c", "unseen")]),
        ("sed -i 's/\\r//g' /a && sed -i 's/\\r$//' /b; sed -i -e 's|^M$||' /c", []),
        ("sed -i -e 's/\\r//' -e s/a/b/ /a", [("/a", "unseen")]),
        ("sed --in-place --expression=s/a/b/ /a", [("/a", "unseen")]),
        ("sed -i -f /x.sed /a", [("/a", "unseen")]),
        ("sed s/a/b/ /a > /b", [("/b", "unseen")]),
        ("perl -pi -e 's/a/b/' /a", [("/a", "unseen")]),
        ("curl -fsSL https://x/y -o /b && wget -qO /c https://x",
         [("/b", "unseen"), ("/c", "unseen")]),
        ("tar xzf /a.tgz -C /opt/x && tar -C / -xf /b", [("/opt/x", "unseen")]),
        ("git clone --depth 1 https://h/r.git && git clone https://h/r /srv/q",
         [("/r", "unseen"), ("/srv/q", "unseen")]),
        ("[ -f /a ] && cp /a /b; cp /c /d", [("/b", "unseen"), ("/d", "copied", "/c")]),
        ("if [ \"$X\" = y ]; then rm /a; else mv /b /c; fi", [("/a", "unseen"), ("/c", "unseen")]),
        ("for f in a b; do echo $f > /c; done > /d", [("/c", "unseen"), ("/d", "unseen")]),
        ("f() { rm /a; }; true || rm /b", [("/a", "unseen"), ("/b", "unseen")]),
        ("bash -ec 'cp /a /b'; sh -c \"rm $F\"", [("/b", "copied", "/a"), ("/file", "removed")]),
        ("D=/x && cp /a $D/b && D=$(pwd) && cp /a $D/c", [("/x/b", "copied", "/a")]),
        ("sudo cp /a /b; env A=1 cp /c /d", [("/b", "copied", "/a"), ("/d", "copied", "/c")]),
        ("<<E\nset -e\ncp /a /b\nE", [("/b", "copied", "/a")]),
        ("cat <<E > /b\nx $P $(id)\nE", [("/b", "unseen")]),
        ("cat > /b <<'E' && rm /c\nx $P\nE", [("/b", "text", "x $P\n"), ("/c", "removed")]),
        ("tee /b <<E\n$P\nE", [("/b", "text", "80\n")]),
        ("bash <<E\nrm /a\nE", [("/a", "removed")]),
        ("<<E\n#!/usr/bin/env python3\nrm /a\nE", []),
        ('["rm", "/a b"]', [("/a b", "removed")]),
        ('["/bin/bash", "-c", "rm /a"]', [("/a", "removed")]),
        ("rm 'a", []),
        ("./setup.sh /etc/nginx/nginx.conf", []),
    ],
)  # fmt: skip
def test_run(tmp_path: Path, text: str, expected: list[tuple[object, ...]]) -> None:
    head = "FROM nginx:1.27\nENV P=80 F=/file\nCOPY conf /src\nRUN "
    assert layers(tmp_path, f"{head}{text}\n")[1:] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN --mount=type=bind,source=conf,target=/m cp /m/*.conf /etc/nginx/conf.d/",
         [("/etc/nginx/conf.d/a.conf", "conf/a.conf"),
          ("/etc/nginx/conf.d/b.conf", "conf/b.conf")]),
        ("RUN --mount=src=nginx.conf,dst=/n --mount=type=cache,target=/c cp /n /x && rm /y",
         [("/x", "nginx.conf"), ("/y", "removed")]),
        ("RUN --mount=src=nginx.conf,dst=/n envsubst < /n > /x", [("/x", "unseen")]),
        ("RUN --mount=src=nginx.conf,dst=/src/a.conf true", []),
        ("FROM nginx\nRUN --mount=from=s,source=/src,target=m cp /m/a.conf /x",
         [("/x", "conf/a.conf")]),
        ("RUN --mount=type=secret,id=a cp /src/a.conf /x", [("/x", "copied", "/src/a.conf")]),
    ],
)  # fmt: skip
def test_mounts(tmp_path: Path, text: str, expected: list[tuple[object, ...]]) -> None:
    found = layers(tmp_path, f"FROM nginx:1.27 AS s\nCOPY conf /src\n{text}\n")
    assert [one for one in found if one != ("/src", "conf")] == expected


def test_another_shell(tmp_path: Path) -> None:
    text = 'FROM a\nSHELL ["powershell", "-Command"]\nRUN rm /a\nRUN ["rm", "/b"]\n'
    assert layers(tmp_path, text) == [("/b", "removed")]
