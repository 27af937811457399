"""Configurations with the buffers of a pass at every level, at random, for a fixed number each."""

from __future__ import annotations

from random import Random

FAMILIES = ("proxy", "fastcgi", "uwsgi", "scgi")

_SIZES = (2000, 4096, 8192, 16384, 32768, 65536)


def random_buffers(number: int) -> str:
    """The inside of ``http {}``: servers and locations that write some of what nginx compares, and
    a pass in some of them, to 10.0.0.1:3000."""
    random = Random(number)
    family = random.choice(FAMILIES)
    servers = "".join(
        f"server {{\n{_settings(random, family, 0.12)}"
        + "".join(_location(random, family, f"/{name}/", depth=0) for name in "abc")
        + f"location / {{\n{_settings(random, family, 0.1)}{_pass(family)}}}\n}}\n"
        for _ in range(random.choice((1, 1, 2)))
    )
    return f"\n{_settings(random, family, 0.12)}{servers}"


def _location(random: Random, family: str, path: str, depth: int) -> str:
    """A location, sometimes with another one, an ``if`` or a ``limit_except`` in it."""
    if random.random() < 0.4:
        return ""
    inner = _settings(random, family, 0.1)
    if random.random() < 0.5:
        inner += _pass(family)
    if depth == 0 and random.random() < 0.3:
        inner += _location(random, family, f"{path}in/", depth=1)
    if random.random() < 0.2:
        inner += f"if ($arg_a) {{\n{_pass(family)}}}\n"
    if family == "proxy" and random.random() < 0.2:
        inner += f"limit_except GET {{\n{_pass(family)}}}\n"
    return f"location {path} {{\n{inner}}}\n"


def _settings(random: Random, family: str, often: float) -> str:
    """Lines that go together more often than not, or nginx would refuse nearly all."""
    size = random.choice(_SIZES)
    large = random.choice((size, 2 * size, 4 * size))
    written = {
        "buffer_size": size if random.random() < 0.8 else random.choice(_SIZES),
        "buffers": f"{random.choice((3, 4, 8, 8, 16))} {random.choice((size, 4096))}",
        "busy_buffers_size": large,
        "temp_file_write_size": max(large, random.choice(_SIZES)),
        "max_temp_file_size": random.choice((0, 1048576, large)),
    }
    return "".join(
        f"{family}_{name} {value};\n" for name, value in written.items() if random.random() < often
    )


def _pass(family: str) -> str:
    return f"{family}_pass {'http://' if family == 'proxy' else ''}10.0.0.1:3000;\n"
