"""What a configuration shows of how nginx is run: in a container, or as a service of systemd."""

from __future__ import annotations

from collections.abc import Iterator

from lint502.behaviour.sockets import TEMPORARY
from lint502.nginx.parse import Directive
from lint502.nginx.tree import Context, Tree, once_a_context
from lint502.pairing import FROM_CONTAINERS
from lint502.patterns import regex
from lint502.site import Site

_STANDARD_STREAM = regex(r"/dev/(stdout|stderr|fd/[12])|/proc/self/fd/[12]")
"""systemd connects both to its journal, by a socket, which nothing can open: nginx would not start.

Sources: systemd.exec(5), ``StandardOutput``; open(2), ENXIO.
"""

_DNS_OF_DOCKER = regex(r"127\.0\.0\.11(:\d+)?")
"""https://docs.docker.com/engine/network/#dns-services"""


def no_service(site: Site) -> bool:
    """Whether nginx is surely not run by the unit that it comes with, as a service of systemd.

    Such a unit waits until nginx goes into the background, which ``daemon off`` keeps it from, and
    until its number is in /run/nginx.pid; that of Debian says ``daemon on`` itself, which may be
    said once. Nor is it where a deployment has it in a container. Sources: the ``nginx.service`` of
    nginx.org's packages, Debian and Fedora (``Type=forking``, ``PIDFile``).
    """
    view = site.spec.viewpoint
    deployed = view is not None and not view.on_machine
    return deployed or _unlike_the_unit(site.tree) or _in_container(site)


def in_container(site: Site) -> bool | None:
    """Whether nginx has the network of a container, and so a loopback of its own; None where
    nothing tells."""
    view = site.spec.viewpoint
    if view is not None:
        return not view.on_machine
    return True if _in_container(site) else None


def _unlike_the_unit(tree: Tree) -> bool:
    main = tree.main.by_name
    return any(line.args == ("off",) for line in main.get("daemon", ())) or any(
        line.args[0].startswith(TEMPORARY) for line in main.get("pid", ()) if line.args
    )


def _in_container(site: Site) -> bool:
    named = (target.address.host for hop in site.every_hop for target in hop.targets)
    return _speaks_of_container(site.tree.main) or any(host in FROM_CONTAINERS for host in named)


@once_a_context
def _speaks_of_container(main: Context) -> bool:
    return any(map(_tells, _lines(main)))


def _lines(context: Context) -> Iterator[Directive]:
    for name in ("access_log", "error_log", "resolver"):
        yield from context.by_name.get(name, ())
    for child in context.children:
        yield from _lines(child)


def _tells(line: Directive) -> bool:
    if line.name == "resolver":
        return any(map(_DNS_OF_DOCKER.fullmatch, line.args))
    return bool(line.args) and _STANDARD_STREAM.fullmatch(line.args[0]) is not None
