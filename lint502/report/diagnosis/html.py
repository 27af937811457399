"""``--format html``: a page of its own, without any script and any network.

All text that comes from a log or a configuration is escaped in it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from lint502 import __version__
from lint502.diagnosis.causes import Candidate
from lint502.diagnosis.diagnosis import Access, Diagnosis, Group, Root
from lint502.published import rule_address
from lint502.reading import shown
from lint502.report import Style
from lint502.report.diagnosis import words
from lint502.report.diagnosis.histogram import Axis, axis_of

_FOLDER = Path(__file__).parent / "page"
_COLUMNS = 120
_HEIGHT = 40
_MOST_GROUPS = 500


def render(diagnosis: Diagnosis, style: Style) -> str:
    """The whole page, in ASCII."""
    css = (_FOLDER / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'"
    )
    page = (_FOLDER / "page.html").read_text(encoding="utf-8")
    for name, text in (
        ("POLICY", policy),
        ("STYLE", css),
        ("BODY", "\n".join(_body(diagnosis))),  # the last: it may have any text
    ):
        page = page.replace(f"@@{name}@@", text, 1)
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _text(text: str) -> str:
    """Text as it is shown, which holds no element and no command to a CI system."""
    return escape(shown(text)).replace("##", "#&#35;").replace("::", ":&#58;")


def _body(diagnosis: Diagnosis) -> Iterator[str]:
    yield "<header><h1>lint502 <span>diagnosis</span></h1>"
    yield f"<p>{_text(words.headline(diagnosis))}</p>"
    if layer := words.layer(diagnosis):
        yield f"<p>{_text(layer)}</p>"
    if diagnosis.roots:
        yield f"<p>by the configuration of {_text(', '.join(diagnosis.roots))}</p>"
    yield "</header><main>"
    axis = axis_of(diagnosis.groups, _COLUMNS)
    yield '<ol id="groups" tabindex="-1">'
    for group in diagnosis.groups[:_MOST_GROUPS]:
        yield from _group(group, axis, bool(diagnosis.roots))
    yield "</ol>"
    left = len(diagnosis.groups[_MOST_GROUPS:])
    if left:
        yield f'<p class="box">and {words.number(left, "more group")}</p>'
    if diagnosis.access is not None:
        yield from _access(diagnosis.access)
    yield from _rest(diagnosis)
    yield f"</main><footer><p>lint502 {_text(__version__)}</p></footer>"


def _group(group: Group, axis: Axis | None, configured: bool) -> Iterator[str]:
    kind = "failure" if group.cause.failure else "harmless"
    status = f" &#183; {words.status(group)}" if words.status(group) else ""
    times = "once" if group.tally.count == 1 else f"{group.tally.count:,} times"
    upstream = f" &#183; <code>{_text(group.upstream)}</code>" if group.upstream else ""
    yield f'<li class="group {kind}">'
    yield f"<h2><b>{times}</b> {_text(group.cause.name)}{status}{upstream}</h2>"
    yield f"<p>{_text(group.cause.title)}</p>"
    if axis is not None:
        yield from _histogram(group, axis)
    rows = [
        ("When", [words.when(group)]),
        ("Asked", [words.asked(group)]),
        ("Clients got", [words.answers(group)]),
        ("Failed after", [words.took(group)]),
        ("Hop", list(_hop(group)) if configured else []),
    ]
    yield "<dl>"
    for label, texts in rows:
        yield from _row(label, [f"<p>{_text(text)}</p>" for text in texts if text])
    if group.root is not None:
        yield from _root(group.root)
    if group.root is None or group.root.rule is None:
        yield from _row("Perhaps", map(_candidate, group.cause.candidates))
        yield from _row("More", map(_page, words.rules_of(group)[:3]))
    yield from _row("Line", [f"<pre>{_text(group.tally.example)}</pre>"])
    yield "</dl></li>"


def _row(label: str, parts: Iterable[str]) -> Iterator[str]:
    content = "".join(parts)
    if content:
        yield f"<dt>{label}</dt><dd>{content}</dd>"


def _histogram(group: Group, axis: Axis) -> Iterator[str]:
    counts = axis.counts(group.tally.minutes)
    most = max(counts, default=0)
    if not most:
        return
    label = f"How often in columns of {axis.words}, at most {most:,} times"
    yield (
        f'<svg role="img" aria-label="{label}" preserveAspectRatio="none" '
        f'viewBox="0 0 {axis.columns} {_HEIGHT}">'
    )
    for column, count in enumerate(counts):
        if count:
            height = max(1, round(count * _HEIGHT / most))
            at = f"{axis.starts_at(column):%Y-%m-%d %H:%M}"
            yield (
                f'<rect x="{column}.05" y="{_HEIGHT - height}" width="0.9" height="{height}">'
                f"<title>{at}: {count:,}</title></rect>"
            )
    yield "</svg>"
    start, end = axis.starts_at(0), axis.starts_at(axis.columns)
    yield (
        f'<div class="ends"><span>{start:%Y-%m-%d %H:%M}</span>'
        f"<span>{axis.words} each, at most {most:,}</span><span>{end:%Y-%m-%d %H:%M}</span></div>"
    )


def _hop(group: Group) -> Iterator[str]:
    if group.hop is not None:
        yield f"{group.hop.file}:{group.hop.line}  {group.hop.label}"
        return
    yield f"unknown: {group.why or 'the record does not tell it'}"
    if group.hops:
        yield f"one of {words.places_of(group)}"


def _root(root: Root) -> Iterator[str]:
    if root.rule is None:
        yield from _row("Root", [f"<p>{_text(root.message)}</p>"])
        yield from _row("Look", [f"<pre>{_text(one)}</pre>" for one in root.look])
        return
    places = (
        f"<p>{_text(f'{one.file}:{one.line}')} {_text(one.note)}</p>"
        + (f"<pre>{_text(one.text.strip())}</pre>" if one.text.strip() else "")
        for one in root.places
    )
    said = f"<p><b>{_text(root.severity)}</b> {_rule(root.rule)}: {_text(root.message)}</p>"
    yield from _row("Root", [said, *places])
    yield from _row("Fix", [f"<pre>{_text(one)}</pre>" for one in root.fix.splitlines()])
    yield from _row("More", [_page(root.rule)])


def _rule(name: str) -> str:
    address = rule_address(name)
    code = f"<code>{_text(name)}</code>"
    return code if address is None else f'<a href="{_text(address)}">{code}</a>'


def _page(name: str) -> str:
    return f"<p><code>lint502 explain {_text(name)}</code></p>"


def _candidate(one: Candidate) -> str:
    tell = f'<p class="soft">{_text(one.tell)}</p>' if one.tell else ""
    commands = "".join(f"<pre>{_text(command)}</pre>" for command in one.run)
    return f"<p>{_text(one.text)}</p>{tell}{commands}"


def _access(access: Access) -> Iterator[str]:
    yield f'<section class="box"><h2>Access log</h2><p>{_text(words.requests(access))}</p><ul>'
    for one, count in words.sorted_without(access):
        text = f"no line in the error log: {words.without_line(one, count)}"
        yield f"<li>{_text(text)}</li>"
    if access.unread:
        yield f"<li>{_text(words.unread(access))}<pre>{_text(access.example)}</pre></li>"
    yield "</ul></section>"


def _rest(diagnosis: Diagnosis) -> Iterator[str]:
    items = [f"<li>{_text(text)}</li>" for text in words.totals(diagnosis)]
    items += [f"<li><pre>{_text(one.example)}</pre></li>" for one in diagnosis.unread[:3]]
    items += [f"<li>{_text(one)}</li>" for one in diagnosis.fronts]
    items += [f"<li>could not be read: {_text(one)}</li>" for one in diagnosis.problems]
    if items:
        yield f'<section class="box"><h2>Besides</h2><ul>{"".join(items)}</ul></section>'
