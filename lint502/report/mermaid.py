"""``--format mermaid``: a flowchart as GitHub and GitLab draw it, folded to the size they draw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from lint502.patterns import regex
from lint502.reading import shown
from lint502.report import Style, counted
from lint502.report.graph import SIGNS, STATES, graph_of, headline, worst
from lint502.wording import listed

if TYPE_CHECKING:
    from lint502.report.graph import Graph, HopNode, ServerNode
    from lint502.report_model import Report, State, TargetReport


class Limits(Struct, frozen=True):
    """How many characters and edges a diagram may have."""

    characters: int
    edges: int


DRAWN = Limits(50_000, 500)
"""What is drawn at all: the defaults of ``maxTextSize`` and ``maxEdges``, which no diagram can
change where the page is not its own.

Source: https://mermaid.js.org/config/schema-docs/config.html
"""

READ = Limits(20_000, 120)
"""What people still take in beside other things."""

_LONGEST = 60
_MOST_TARGETS = 8
_MOST_LISTENS = 3

_SHAPES: dict[State, tuple[str, str]] = {
    "failed": ("{{", "}}"),
    "undecidable": ("[/", "/]"),
    "undeclared": ("(", ")"),
    "passed": ("[", "]"),
}
_EDGES: dict[State, str] = {
    "failed": "==>",
    "undecidable": "-.->",
    "undeclared": "-.->",
    "passed": "-->",
}
CLASSES = {
    "failed": "fill:#ffd8d3,stroke:#b3261e,color:#410e0b,stroke-width:2px",
    "undecidable": "fill:#fff0c2,stroke:#8a6100,color:#3d2b00",
    "undeclared": "fill:#dbe9ff,stroke:#2b5fb3,color:#0c2750,stroke-dasharray:4 3",
    "passed": "fill:#d8f3dc,stroke:#2d6a4f,color:#0b3d22",
    "plain": "fill:#eceff1,stroke:#546e7a,color:#1c2529",
}
_SPECIAL = regex(r"[^ -~]|[\"#%&'*;<>@\[\\\]^`{|}~_$!]|(?<=\d)\.(?= )|^[+-]|s(?=tyle)|c(?=lassDef)")
"""What Mermaid, or Markdown in its labels, may take for more than a character, and what is not
ASCII. It looks for lines with ``style`` or ``classDef`` before it knows what is a label:
``encodeEntities()`` in
https://github.com/mermaid-js/mermaid/blob/develop/packages/mermaid/src/utils.ts
"""

_TOGETHER = regex(r"(?<=\\)(?=n)|(?<=\$)(?=\$)|(?<=:)(?=fa-)|(?<=ﬂ)(?=°)|(?<=¶)(?=ß)")
_NOTHING = "\N{WORD JOINER}"
"""Some characters mean something to Mermaid together, however they are written: a line end, a
formula, an icon, its own marks for others. Between these is put what shows as nothing."""


def render(report: Report, style: Style) -> str:
    """The diagram, as large as it can be drawn."""
    return diagram(graph_of(report), DRAWN)


def details(report: Report) -> list[str]:
    """The diagram for a page in Markdown, closed until somebody opens it; nothing where there are
    no hops."""
    if not report.hops:
        return []
    text = diagram(graph_of(report), READ)
    summary = "<summary>The hops as a diagram</summary>"
    return [f"<details>\n{summary}\n\n```mermaid\n{text}```\n\n</details>"]


def diagram(graph: Graph, limits: Limits) -> str:
    """A whole diagram within limits that have room for a node. What is passed is folded
    first, then what is not known, what has failed last; the diagram says what it leaves out."""
    for folding in _FOLDINGS:
        text = _fitting(graph, limits, folding)
        if text is not None:
            return text
    return _with_most_servers(graph, limits) or _without_fronts(graph)


class _Folding(Struct, frozen=True):
    """What is folded: hops of a server that are in some states, to a node for each state; servers
    whose hops all are in some states, to one node; servers that fail alike, to one node; and of
    the others those beyond a number."""

    hops: Sequence[State] = ()
    servers: Sequence[State] = ()
    alike: bool = False
    most: int | None = None


_FOLDINGS = (
    _Folding(),
    _Folding(("passed",)),
    _Folding(("passed",), ("passed",)),
    _Folding(STATES[1:], ("passed",)),
    _Folding(STATES[1:], STATES[1:]),
    _Folding(STATES, STATES[1:]),
    _Folding(STATES[1:], STATES[1:], alike=True),
    _Folding(STATES, STATES[1:], alike=True),
)
"""What is tried, each time with more of it folded."""


def _with_most_servers(graph: Graph, limits: Limits) -> str | None:
    """The diagram with as many servers as fit, each of them and all that fail alike in one node;
    None where it is too large without any."""
    best = None
    fewest, most = 0, len(graph.servers)
    while fewest <= most:
        middle = (fewest + most) // 2
        text = _fitting(graph, limits, replace(_FOLDINGS[-1], most=middle))
        if text is None:
            most = middle - 1
        else:
            best, fewest = text, middle + 1
    return best


def _without_fronts(graph: Graph) -> str:
    """The diagram with nothing but counts."""
    servers = tuple(replace(server, fronts=()) for server in graph.servers)
    return _Drawing(replace(graph, fronts=(), servers=servers), _Folding(STATES, STATES)).text()


def _fitting(graph: Graph, limits: Limits, folding: _Folding) -> str | None:
    """The diagram with something folded; None where it is too large for the limits."""
    drawing = _Drawing(graph, folding, limits.edges)
    text = drawing.text()
    return text if drawing.edges <= limits.edges and len(text) <= limits.characters else None


class _Drawing(Struct):
    """The lines of one diagram while it is drawn; of one with more than ``most`` edges only so
    much as shows that."""

    graph: Graph
    folding: _Folding
    most: int | None = None
    edges: int = 0
    lines: list[str] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    upstreams: dict[str, str] = field(default_factory=dict)
    states: dict[str, list[State]] = field(default_factory=dict)
    labels: dict[str, Sequence[str]] = field(default_factory=dict)

    def text(self) -> str:
        """The whole diagram."""
        kept, folded = self._servers()
        for number, front in enumerate(self.graph.fronts):
            kind = "failed" if front.state == "failed" else "plain"
            about = (front.name, front.kind or "", self._rules(front.findings))
            self._node(f"f{number}", ("([", "])"), about, kind)
        for number, servers in enumerate(kept):
            if len(servers) == 1:
                self._server(f"s{number}", servers[0])
            else:
                self._alike(f"s{number}", servers)
            if self.most is not None and self.edges > self.most:
                break
        self._upstreams()
        if folded:
            self._folded(folded, "more server" if kept else "server")
        words = self._left_out(folded)
        head = [f"%% {words}"] if words else []
        classes = (f"classDef {name} {CLASSES[name]}" for name in CLASSES if name in self.kinds)
        return "\n".join(("flowchart LR", *head, *self.lines, *classes)) + "\n"

    def _rules(self, findings: Iterable[int]) -> str:
        """The rules that some findings are of."""
        return listed(self.graph.findings[number].rule for number in findings)

    def _servers(self) -> tuple[list[list[ServerNode]], list[ServerNode]]:
        """Those that are drawn, each alone or with others that fail alike, and those that are
        folded."""
        kept: dict[object, list[ServerNode]] = {}
        folded = []
        for server in self.graph.servers:
            if server.state in self.folding.servers:
                folded.append(server)
            else:
                key = _failures(self.graph, server) if self.folding.alike else id(server)
                kept.setdefault(key, []).append(server)
        groups = sorted(kept.values(), key=len, reverse=True)
        most = len(groups) if self.folding.most is None else self.folding.most
        folded += [server for group in groups[most:] for server in group]
        return groups[:most], folded

    def _server(self, name: str, server: ServerNode) -> None:
        listens = listed(server.listens, _MOST_LISTENS)
        self._node(name, ("[[", "]]"), (server.name or "a server without a name", listens), "plain")
        for front in server.fronts:
            self._edge(f"f{front}", name, self.graph.fronts[front].state)
        folded: dict[State, list[HopNode]] = {}
        for number, node in enumerate(server.hops):
            state = node.hop.state
            if state in self.folding.hops:
                folded.setdefault(state, []).append(node)
                continue
            self._hop(f"{name}h{number}", name, state, [node])
        for state, nodes in folded.items():
            self._hop(f"{name}{state[:4]}{len(nodes)}", name, state, nodes)

    def _alike(self, name: str, servers: Sequence[ServerNode]) -> None:
        """Several servers that fail alike."""
        names = listed((server.name for server in servers), 2)
        self._node(name, ("[[", "]]"), (counted(servers, "server"), names), "plain")
        for front in _fronts(servers):
            self._edge(f"f{front}", name, self.graph.fronts[front].state)
        counts = _counts(servers)
        (state, count), *others = counts.items()
        failures = listed(_failures(self.graph, servers[0]), 2)
        about = [f"{SIGNS[state]} {count} locations {state}", failures, *map(_said, others)]
        self._node(f"{name}h", _SHAPES[state], about, state)
        self._edge(name, f"{name}h", state)
        hops = (node.hop for server in servers for node in server.hops)
        reached = {_called(target) for hop in hops for target in hop.targets}
        if reached:
            self._node(f"{name}u", ("[(", ")]"), (counted(reached, "upstream"),), state)
            self._edge(f"{name}h", f"{name}u", state)

    def _hop(self, name: str, server: str, state: State, nodes: Sequence[HopNode]) -> None:
        """One hop, or several that are folded."""
        hop = nodes[0].hop
        if len(nodes) == 1:
            about = [f"{SIGNS[state]} {shown(hop.location) or hop.directive}"]
        else:
            about = [f"{SIGNS[state]} {len(nodes)} locations {state}"]
        about.append(listed(dict.fromkeys(headline(self.graph, node) for node in nodes), 2))
        if len(nodes) == 1 and state in ("undecidable", "undeclared"):
            about.append(shown(hop.reason or state))
        self._node(name, _SHAPES[state], about, state)
        self._edge(server, name, state)
        reached = {_called(target): target for node in nodes for target in node.hop.targets}
        for target in list(reached.values())[:_MOST_TARGETS]:
            self._edge(name, self._upstream(target, state), state)
        if len(reached) > _MOST_TARGETS:
            more = f"{name}more"
            self._node(more, _SHAPES["passed"], (f"{len(reached) - _MOST_TARGETS} more",), "plain")
            self._edge(name, more, state)

    def _upstream(self, target: TargetReport, state: State) -> str:
        """The node of what a target reaches."""
        called = _called(target)
        name = self.upstreams.setdefault(called, f"u{len(self.upstreams)}")
        address = target.address if target.address != called else ""
        told = self.labels.setdefault(name, (called, address))
        if address not in told:
            self.labels[name] = (called, "several addresses")
        self.states.setdefault(name, []).append(state)
        return name

    def _upstreams(self) -> None:
        for name, label in self.labels.items():
            self._node(name, ("[(", ")]"), label, worst(self.states[name]))

    def _folded(self, servers: Sequence[ServerNode], called: str) -> None:
        """One node for servers that are left out, and where a front sends to them."""
        counts = _counts(servers)
        state = worst(counts)
        about = (counted(servers, called), *map(_said, counts.items()))
        self._node("folded", _SHAPES[state], about, state)
        for number in _fronts(servers):
            self._edge(f"f{number}", "folded", self.graph.fronts[number].state)

    def _left_out(self, folded: Sequence[ServerNode]) -> str:
        """What is not drawn one by one, in a comment."""
        parts = []
        if self.folding.hops:
            states = listed(self.folding.hops, len(self.folding.hops)).replace(" and ", " or ")
            parts.append(f"hops of a server that are {states} are one node")
        if self.folding.alike:
            parts.append("servers that fail alike are one node")
        if folded:
            parts.append(f"{counted(folded, 'server')} in the node of the other servers")
        return "; ".join(parts)

    def _node(self, name: str, shape: tuple[str, str], label: Sequence[str], kind: str) -> None:
        self.kinds.add(kind)
        text = "<br>".join(escaped(line) for line in label if line)
        self.lines.append(f'{name}{shape[0]}"{text}"{shape[1]}:::{kind}')

    def _edge(self, start: str, end: str, state: State) -> None:
        self.lines.append(f"{start} {_EDGES[state]} {end}")
        self.edges += 1


def _called(target: TargetReport) -> str:
    """What a target is drawn as: its upstream, or where none is declared, its address."""
    return target.upstream or target.address


def _failures(graph: Graph, server: ServerNode) -> tuple[str, ...]:
    """What the worst findings of the hops of a server are, each once."""
    return tuple(dict.fromkeys(filter(None, (headline(graph, node) for node in server.hops))))


def _fronts(servers: Iterable[ServerNode]) -> Iterable[int]:
    """The numbers of the fronts that send to some servers."""
    return dict.fromkeys(front for server in servers for front in server.fronts)


def _said(count: tuple[State, int]) -> str:
    """How many hops are in a state."""
    return f"{SIGNS[count[0]]} {count[1]} {count[0]}"


def _counts(servers: Iterable[ServerNode]) -> dict[State, int]:
    """How many hops of some servers are in each state, the worst first."""
    states = [node.hop.state for server in servers for node in server.hops]
    return {state: states.count(state) for state in STATES if state in states}


def escaped(text: str) -> str:
    """Any text, cut in the middle where it is long, so that it is drawn as it is."""
    text = shown(text)
    if len(text) > _LONGEST:
        half = (_LONGEST - 1) // 2
        text = f"{text[:half]}…{text[-half:]}"
    apart = _TOGETHER.sub(_NOTHING, text)
    return _SPECIAL.sub(lambda match: f"#{ord(match[0])};", apart)
