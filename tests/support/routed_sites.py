"""Sites with many hops behind one address, at random, for a fixed number each, and requests to
them. Each pass stands on a line of its own, and sends its number along."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

MARK = "HOP-{}-"

_NAMES = (
    ("a.example", "b.example"),
    ("c.example", "a.example"),
    ("*.wild.example",),
    (".dotted.example",),
    ("mail.*",),
    (r"~^(?<user>[a-z]+)\.regex\.example$",),
    (r"~^www\d+\.example$", "extra.example"),
    ("_",),
    ("",),
    (),
)
_HOSTS = (
    "a.example", "A.Example", "b.example.", "c.example", "x.wild.example", "y.x.wild.example",
    "dotted.example", "z.dotted.example", "mail.org", "joe.regex.example", "www7.example",
    "extra.example", "nobody.example", "127.0.0.1",
)  # fmt: skip
_PREFIXES = ("/", "/a/", "/a", "/a/b/", "/a/b/c", "/img/", "/app", "/deep/er/", "/x")
_REGEXES = (
    r"~ \.php$", r"~* \.(png|JPG)$", r"~ ^/a/(\d+)", "~ ^/app/(?<rest>.*)$", "~ /b/", "~* ^/IMG/",
    r"~ ^/deep/[^/]+/(.+)$", "~ ^/(?!a|app)x",
)  # fmt: skip
_PATHS = (
    "/", "/a", "/a/", "/a/1", "/a/22/x.php", "/a/b/", "/a/b/c", "/a/b/cd",
    "/a/b/x.png", "/img/x.jpg", "/IMG/x.JPG", "/app", "/app/", "/app/one/two", "/apple",
    "/deep/er/x",
    "/deep/other/y.php",
    "/x", "/xyz", "/index.php", "/old/1", "/old/a/b", "/moved/z", "/int/secret", "/auth/check",
    "/mirrored/", "/none", "/fallback/x", "/pages/50x.html", "/a%2Fb/", "/%61/b/c", "/a//b/c",
    "/a/./b/c", "/x/../a/b/c", "/a/b/../../img/y.jpg", "/a/b/c?x=/app", "/%61pp/%2e%2e/img/q",
    "/a#x",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: the port's number, the request line without its number, and the ``Host``."""

    port: int
    method: str
    target: str
    host: str


class RoutedSite:
    """The text of an ``nginx.conf``. ``{A}``, ``{B}`` and ``{X}`` in it stand for the addresses of
    what closes each connection, ``{P0}`` and ``{P1}`` for ports to listen at."""

    def __init__(self, number: int) -> None:
        self._random = Random(number)
        self._passes = 0
        self.text = self._site()

    def requests(self, count: int) -> list[Ask]:
        """Requests to it."""
        return [self._request() for _ in range(count)]

    def _request(self) -> Ask:
        random = self._random
        method = random.choice(("GET", "GET", "GET", "POST", "HEAD", "DELETE"))
        host = random.choice(_HOSTS)
        target = random.choice(_PATHS)
        if random.random() < 0.3:
            target += random.choice(("/more", "x", ".php", "/b/", "/%20z", ".png"))
        if random.random() < 0.06:
            path = target.partition("?")[0].partition("#")[0]
            target = f"{path}/n{{number}}n{'l' * 1990}"
        if random.random() < 0.05:
            target = f"http://{random.choice(_HOSTS)}{target}"
        return Ask(random.randrange(2), method, target, host)

    def _site(self) -> str:
        random = self._random
        chosen = random.sample(_NAMES, 5)
        servers = self._server(chosen[0], ports=("{P0}", "{P1}"))
        servers += "".join(self._server(names) for names in chosen[1:])
        if random.random() < 0.5:
            servers += self._server(chosen[1], ports=("{P1}",))
        around = "error_page 504 /pages/50x.html;\n" if random.random() < 0.3 else ""
        blocks = "upstream app {\nserver {A};\n}\nupstream other {\nserver {B};\n}\n"
        return blocks + around + servers

    def _server(self, names: tuple[str, ...], ports: tuple[str, ...] = ()) -> str:
        random = self._random
        ports = ports or random.choice((("{P0}",), ("{P0}",), ("{P0}", "{P1}")))
        text = "".join(f"listen 127.0.0.1:{port};\n" for port in ports)
        if names:
            quoted = (f'"{name}"' for name in names)
            text += f"server_name {' '.join(quoted)};\n"
        if random.random() < 0.15:
            text += "merge_slashes off;\n"
        if random.random() < 0.25:
            text += "rewrite ^/old/(.*)$ /$1 last;\n"
        if random.random() < 0.15:
            text += "if ($request_method = DELETE) {\nrewrite ^ /app/deleted last;\n}\n"
        if random.random() < 0.2:
            text += "error_page 404 /a/missing;\n"
        for name in random.sample(_PREFIXES, 5):
            modifier = random.choice(("", "", "", "^~ ", "= "))
            text += self._location(modifier + name, nested=not modifier)
        for name in random.sample(_REGEXES, 3):
            text += self._location(name)
        text += f"location @other {{\n{self._pass('other', plain=True)}}}\n"
        text += f"location /int/ {{\ninternal;\n{self._pass('{X}', plain=True)}}}\n"
        text += f"location = /auth/check {{\ninternal;\n{self._pass('app', plain=True)}}}\n"
        text += f"location /mirrored/ {{\ninternal;\n{self._pass('app', plain=True)}}}\n"
        text += f"location /fallback/ {{\n{self._pass('app')}}}\n"
        return f"server {{\n{text}}}\n"

    def _location(self, name: str, *, nested: bool = False) -> str:
        random = self._random
        prefix = "" if name.startswith("~") else name.rpartition(" ")[2]
        text = self._content(prefix)
        if nested and random.random() < 0.4:
            text += self._location(f"{prefix.rstrip('/')}/b", nested=False)
            if random.random() < 0.5:
                text += self._location(r"~ \.php$")
        return f"location {name} {{\n{text}}}\n"

    def _content(self, prefix: str) -> str:
        random = self._random
        plain = not prefix
        kind = random.randrange(16)
        if kind < 4:
            return self._pass("app", plain=plain)
        if kind == 4:
            return "try_files /nonexistent @other;\n"
        if kind == 5:
            return "try_files $uri $uri/ /index.php?$args;\n"
        if kind == 6:
            return f"rewrite ^/[^/]+/(.*)$ /img/$1 last;\n{self._pass('app', plain=plain)}"
        if kind == 7:
            return f"rewrite ^/(.)(.*)$ /moved/$2 break;\n{self._pass('app', plain=True)}"
        if kind == 8:
            outer = self._pass("app", plain=True, kind="proxy")
            return f"{outer}if ($request_method = POST) {{\n{self._inner()}}}\n"
        if kind == 9:
            outer = self._pass("app", plain=plain, kind="proxy")
            return f"{outer}limit_except GET {{\n{self._inner()}}}\n"
        if kind == 10:
            page = random.choice(("@other", "/fallback/page", "= /fallback$uri"))
            return f"error_page 502 504 {page};\n{self._pass('app', plain=plain)}"
        if kind == 11:
            return f"auth_request /auth/check;\n{self._pass('app', plain=plain)}"
        if kind == 12:
            return f"mirror /mirrored$request_uri;\n{self._pass('app', plain=plain)}"
        if kind == 13:
            return "error_page 418 = @other;\nreturn 418;\n"
        if kind == 14:
            return self._pass("{X}", plain=plain)
        return "return 404;\n"

    def _inner(self) -> str:
        """A pass in an ``if`` or a ``limit_except``: it sends the number of the one around, to an
        address of its own."""
        self._passes += 1
        return "proxy_pass http://{C};\n"

    def _pass(self, to: str, *, plain: bool = False, kind: str = "") -> str:
        random = self._random
        self._passes += 1
        mark = MARK.format(self._passes)
        kinds = ("proxy", "proxy", "proxy", "fastcgi", "uwsgi", "scgi")
        kind = kind or ("proxy" if to == "{X}" else random.choice(kinds))
        if kind == "proxy":
            uri = "" if plain or random.random() < 0.7 else random.choice(("/", "/w/", "/w"))
            return (
                f"proxy_set_header X-Hop {mark};\n"
                "proxy_set_header X-Request REQ-$http_x_request-;\n"
                f"proxy_pass http://{to}{uri};\n"
            )
        return (
            f"{kind}_param HOP {mark};\n{kind}_param REQUEST REQ-$http_x_request-;\n"
            f"{kind}_pass {to};\n"
        )
