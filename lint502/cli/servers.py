"""``lint502 servers``: the servers that are known, and what is known of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lint502.cli import arguments, output
from lint502.cli.hops import Format, Shape

if TYPE_CHECKING:
    from lint502.behaviour.default_pool import Meeting
    from lint502.declared.products import Product
    from lint502.report import Style


def servers(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="A server, with or without a version, such as puma or puma/6.4, or a framework or "
            "product, such as django. Without it: all servers.",
            show_default=False,
            autocompletion=arguments.complete_servers,
        ),
    ] = None,
    shape: Format = Shape.text,
    color: arguments.Color = output.Colour.auto,
) -> None:
    """List the servers that are known by default, or explain one."""
    if name is None:
        text = _list_json() if shape is Shape.json else _list_text(output.style(color))
    else:
        text = _explained(name, shape, output.style(color))
    output.write(text, shape.value)


def _explained(name: str, shape: Shape, style: Style) -> str:
    from lint502.declared import profiles
    from lint502.declared.server_mistakes import meant
    from lint502.quoting import meant as likely
    from lint502.quoting import quote
    from lint502.report import json

    found = meant(name, profiles.names())
    if found is None:
        hint = likely(name, profiles.names(), '"lint502 servers" lists those that are known')
        raise typer.BadParameter(f"no server is known as {quote(name)}; {hint}", param_hint="NAME")
    if found.profile is not None:
        if shape is Shape.json:
            return json.dump(_answer(server=_object(found.profile, found.version)))
        return _text(found.profile, found.version, style)
    assert found.product is not None
    if shape is Shape.json:
        return json.dump(_answer(product=_product(found.product)))
    return _product_text(found.product, style)


def _answer(**found: Any) -> dict[str, Any]:
    from lint502.report import json

    return {"schema_version": json.SCHEMA_VERSION, **found}


def _list_json() -> str:
    from lint502.declared import profiles
    from lint502.report import json

    return json.dump(_answer(servers=[_summary(name) for name in profiles.names()]))


def _list_text(style: Style) -> str:
    from lint502.behaviour.default_pool import SINCE, meetings
    from lint502.declared import profiles
    from lint502.report.table import Column, table

    rows = [
        (name, profiles.load(name).title, _idle(found), _verdict(found))
        for name in profiles.names()
        for found in (meetings(name),)
    ]
    columns = [
        Column("NAME"),
        Column("SERVER", wraps=True),
        Column("CLOSES IDLE CONNECTIONS", wraps=True),
        Column("RACES", wraps=True),
    ]
    return table(columns, rows, style) + (
        "\nRACES: with the connections that nginx keeps for 60s in every upstream block, since "
        f"{SINCE}\nby default, before where keepalive is configured. "
        "lint502 servers NAME says more.\n"
    )


def _idle(found: tuple[Meeting, ...]) -> str:
    from lint502.nginx.values import format_time

    return "\n".join(
        f"after {format_time(one.idle)}{_when(one)}" if one.idle is not None else f"-{_when(one)}"
        for one in found
    )


def _when(one: Meeting) -> str:
    return f" ({one.period.words})" if one.period.words else ""


_VERDICTS = {True: "yes", False: "no", None: "not known"}


def _verdict(found: tuple[Meeting, ...]) -> str:
    return "\n".join(_VERDICTS[one.races] for one in found)


def _text(name: str, version: str | None, style: Style) -> str:
    from lint502.behaviour.default_pool import meetings
    from lint502.declared.profiles import load
    from lint502.declared.server_figures import figures
    from lint502.report.table import Column, table

    profile = load(name)
    title = f'{profile.title} (server = "{name if version is None else f"{name}/{version}"}")'
    parts = [title]
    if profile.note is not None:
        parts.append(_wrapped(profile.note, style.width))
    if profile.like is not None:
        parts.append(_wrapped(f"What is not its own is that of {profile.like}.", style.width))
    if profile.in_code:
        parts.append(_wrapped("A program can set other figures in its own code.", style.width))
    if profile.in_settings:
        parts.append(_wrapped("Its settings can change these figures.", style.width))
    rows = [
        (
            one.name,
            one.value + (f" ({one.condition})" if one.condition else ""),
            one.period.words,
            one.source,
        )
        for one in figures(name, version)
    ]
    columns = [
        Column("FIGURE"),
        Column("VALUE", wraps=True),
        Column("VERSIONS"),
        Column("SOURCE", wraps=True),
    ]
    parts.append(table(columns, rows, style).rstrip("\n"))
    parts += [_wrapped(_said(one), style.width) for one in meetings(name, version)]
    return "\n\n".join(parts) + "\n"


def _said(one: Meeting) -> str:
    """How nginx's default pool and the server get along, as a sentence."""
    from lint502.behaviour.default_pool import SINCE
    from lint502.nginx.values import format_time

    said = _without_period(one, SINCE, "" if one.idle is None else format_time(one.idle))
    which = f"{one.period.words}: " if one.period.words else ""
    return f"{(which + said)[0].upper()}{(which + said)[1:]}"


def _without_period(one: Meeting, since: str, idle: str) -> str:
    if not idle:
        known = "no race is known" if one.races is None else "no race"
        return f"{known} with nginx's default pool: {one.why}."
    closes = f"it closes idle connections after {idle}"
    if not one.races:
        return f"no race with nginx's default pool: {closes}, nginx after 60s."
    return (
        f"races with nginx {since} and later by default, and with older ones where keepalive is "
        f"configured: {closes}, nginx keeps them for 60s."
    )


def _summary(name: str) -> dict[str, Any]:
    from lint502.behaviour.default_pool import meetings
    from lint502.declared.profiles import load

    return {
        "name": name,
        "title": load(name).title,
        "races": [_race(one) for one in meetings(name)],
    }


def _object(name: str, version: str | None) -> dict[str, Any]:
    from lint502.behaviour.default_pool import meetings
    from lint502.declared.profiles import load
    from lint502.declared.server_figures import figures

    profile = load(name)
    return {
        "name": name,
        "title": profile.title,
        "version": version,
        "like": profile.like,
        "note": profile.note,
        "figures": [
            {
                "name": one.name,
                "value": one.value,
                "since": one.period.since,
                "before": one.period.before,
                "condition": one.condition or None,
                "profile": one.owner,
                "source": one.source,
            }
            for one in figures(name, version)
        ],
        "races": [_race(one) for one in meetings(name, version)],
    }


def _race(one: Meeting) -> dict[str, Any]:
    from lint502.behaviour.default_pool import SINCE
    from lint502.nginx.values import format_time

    return {
        "since": one.period.since,
        "before": one.period.before,
        "idle_timeout": None if one.idle is None else format_time(one.idle),
        "races": one.races,
        "nginx": f">={SINCE}" if one.races else None,
    }


def _product(product: Product) -> dict[str, Any]:
    return {
        "name": product.name,
        "title": product.title,
        "kind": product.kind,
        "runs_on": list(product.runs_on),
        "note": product.note,
        "source": product.source,
    }


def _product_text(product: Product, style: Style) -> str:
    from lint502.declared.server_mistakes import about

    said = about(product)
    lines = [_wrapped(f"{said[0].upper()}{said[1:]}.", style.width)]
    lines += [f"  {name}: {_short(name)}" for name in product.runs_on]
    lines.append(product.source)
    return "\n".join(lines) + "\n"


def _short(name: str) -> str:
    from lint502.behaviour.default_pool import meetings

    found = meetings(name)
    times, verdicts = _idle(found).split("\n"), _verdict(found).split("\n")
    return "; ".join(
        f"closes idle connections {time}, races: {verdict}"
        if time[0] != "-"
        else f"races: {verdict}"
        for time, verdict in zip(times, verdicts, strict=True)
    )


def _wrapped(text: str, width: int | None) -> str:
    from lint502.report.cells import wrap

    return "\n".join(wrap(text, width))
