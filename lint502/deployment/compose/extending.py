"""Services with what they extend, which stands in the same file or in another one."""

from __future__ import annotations

from collections.abc import Callable

from lint502.deployment.compose.merging import merge
from lint502.deployment.compose.values import Bounds, Keyed, Scalar, Value
from lint502.deployment.texts import Unread
from lint502.places import Place

MAX_DEEP = 50
"""How many services, or files, may lead to each other."""

_Trail = tuple[tuple[str, str], ...]


class Extending:
    """Puts below a service the one that it extends; each is made once.

    ``others`` gives the path and the services of the file that a text names, None where there are
    none, which it notes. What cannot be followed here is added to ``unread``.
    """

    def __init__(
        self,
        bounds: Bounds,
        others: Callable[[Scalar], tuple[str, Keyed] | None],
        unread: list[Unread],
    ) -> None:
        self._bounds = bounds
        self._others = others
        self._unread = unread
        self._made: dict[tuple[str, str], Value] = {}

    def services(self, path: str, services: Keyed) -> Keyed:
        """The services of a file, each with what it extends."""
        made = {name: self._service(path, services, name, ()) for name in services.entries}
        return Keyed(made, services.keys, services.place, services.removed, services.replaced)

    def _service(self, path: str, services: Keyed, name: str, trail: _Trail) -> Value:
        key = (path, name)
        if key not in self._made:
            self._made[key] = self._extended(path, services, name, trail)
        return self._made[key]

    def _extended(self, path: str, services: Keyed, name: str, trail: _Trail) -> Value:
        service = services.entries[name]
        extends = service.get("extends") if isinstance(service, Keyed) else None
        if not isinstance(service, Keyed) or extends is None:
            return service
        if (path, name) in trail:
            return self._alone(service, extends.place, "extends itself")
        if len(trail) >= MAX_DEEP:
            why = f"extends a chain of more than {MAX_DEEP} services; lint502 stops here"
            return self._alone(service, extends.place, why)
        base_name = extends.text("service") if isinstance(extends, Keyed) else None
        if isinstance(extends, Scalar) and extends.known:
            base_name = extends.text
        file = extends.scalar("file") if isinstance(extends, Keyed) else None
        where = (path, services) if file is None else self._others(file)
        if where is None:
            return self._alone(service)
        if base_name is None or base_name not in where[1].entries:
            why = f"extends {base_name or 'a service'}, which is not there"
            return self._alone(service, extends.place, why)
        base = self._service(*where, base_name, (*trail, (path, name)))
        own = self._alone(service)
        return merge(base, own, self._bounds) if isinstance(base, Keyed) else own

    def _alone(self, service: Keyed, place: Place | None = None, why: str = "") -> Keyed:
        """A service without what it extends, and perhaps why."""
        if place is not None:
            self._unread.append(Unread(place, why))
        entries = {key: one for key, one in service.entries.items() if key != "extends"}
        return Keyed(entries, service.keys, service.place, service.removed, service.replaced)
