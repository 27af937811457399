"""The configuration as nginx sees it: contexts, with every include expanded where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Any, TypeVar

from msgspec import Struct, field

from lint502.findings import Note, Problem
from lint502.nginx.parse import Directive

T = TypeVar("T")


class Context(Struct, eq=False):
    """A block in one place of the effective configuration; a snippet included from three servers
    makes three of each of its blocks.

    ``items`` are its directives and inner contexts in order, ``children`` the latter alone.
    ``unseen`` are the includes whose contents are not known, and symbols of templates that stand in
    the place of directives. ``partial`` tells that this context was not seen whole: it is one that
    a fragment is assumed to stand in. ``conditional`` tells that a template has it in one branch of
    its logic: it may not be there. ``uncertain`` are the directives here, by name, of which it is
    not known what they say: nginx does not take them as they are written, a template leaves their
    arguments open, or has them in one branch of its logic. They are not among the items.
    ``results`` is what was computed of it once, by what it is.
    """

    name: str
    opener: Directive | None
    parent: Context | None
    partial: bool = False
    items: list[Directive | Context] = field(default_factory=list)
    children: Sequence[Context] = ()
    by_name: dict[str, list[Directive]] = field(default_factory=dict)
    unseen: Sequence[Directive] = ()
    uncertain: dict[str, list[Directive]] = field(default_factory=dict)
    conditional: bool = False
    results: dict[Any, Any] = field(default_factory=dict)

    @property
    def args(self) -> tuple[str, ...]:
        """The arguments of the block's directive."""
        return self.opener.args if self.opener is not None else ()

    @property
    def seen_whole(self) -> bool:
        """Whether the contents of every include in it, and in those within it, are known, and all
        is there whatever a template says."""
        return (
            not self.unseen
            and not self.conditional
            and all(child.seen_whole for child in self.children)
        )

    def uncertain_of(self, *names: str) -> bool:
        """Whether it is not known what the lines of one of these names say here."""
        return bool(self.unseen) or not self.uncertain.keys().isdisjoint(names)

    def mark_uncertain(self, directive: Directive) -> None:
        """Note a line of which it is not known what it says."""
        self.uncertain.setdefault(directive.name, []).append(directive)

    def mark_unseen(self, directive: Directive) -> None:
        """Note a line of which it is not known what else it brings here."""
        self.unseen = _with(self.unseen, directive)

    def open(self, inner: Context) -> None:
        """Put a context into this one, after what is there."""
        self.items.append(inner)
        self.children = _with(self.children, inner)

    def locations(self) -> Iterator[Context]:
        """The locations in it, those within others too."""
        for child in self.children:
            if child.name == "location" and child.args:
                yield child
                yield from child.locations()

    def up(self) -> Iterator[Context]:
        """This context, then those around it, from the inside out."""
        context: Context | None = self
        while context is not None:
            yield context
            context = context.parent

    def enclosing(self, *names: str) -> Context | None:
        """The innermost context of one of these names, this one included."""
        context: Context | None = self
        while context is not None and context.name not in names:
            context = context.parent
        return context


def _with(found: Sequence[T], one: T) -> list[T]:
    """A list with one more: the same again, where it is one; most contexts have nothing to list."""
    longer = found if isinstance(found, list) else list(found)
    longer.append(one)
    return longer


def once_a_context(function: Callable[[Context], T]) -> Callable[[Context], T]:
    """A function of a context that is computed once for each; what it gives lives as long as the
    context does."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def computed(context: Context) -> T:
        try:
            result: T = context.results[name]
        except KeyError:
            result = context.results[name] = function(context)
        return result

    return computed


class Tree(Struct, frozen=True, eq=False):
    """One root with everything that it includes."""

    name: str
    main: Context
    fragment: bool
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]
