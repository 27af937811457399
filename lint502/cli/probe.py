"""``lint502 probe``: ask the upstreams that run whether what is claimed of them is true."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from lint502.cli import arguments, output
from lint502.cli.hops import Format, Shape
from lint502.reading import shown

if TYPE_CHECKING:
    from lint502.probing.plan import Question, Wanted
    from lint502.probing.subjects import Chosen, Subject
    from lint502.report.probe import Probed
    from lint502.run import Result
    from lint502.workspace import CheckRequest


def _longest(text: str) -> float:
    from lint502.nginx.values import parse_time

    try:
        milliseconds = parse_time(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if not 100 <= milliseconds <= 3_600_000:
        raise typer.BadParameter("takes a time from 100ms to 1h")
    return milliseconds / 1000


@arguments.with_request(without=("roots",))
def probe(
    request: CheckRequest,
    *,
    upstreams: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="UPSTREAM",
            show_default=False,
            help="The upstreams to ask; without it, all that are declared or that hops reach.",
        ),
    ] = None,
    roots: Annotated[
        list[str] | None,
        typer.Option(
            "--root",
            metavar="ROOT",
            show_default=False,
            help="A main file of nginx, or a directory, as check takes it; may be repeated.",
        ),
    ] = None,
    allow_paths: arguments.AllowPaths = None,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure",
            help="Also measure idle timeouts, requests per connection and limits: with up to "
            "1001 requests on one connection, and bodies up to 16 MB.",
        ),
    ] = False,
    longest: Annotated[
        str,
        typer.Option(
            "--longest", metavar="TIME", help="How long --measure keeps an idle connection."
        ),
    ] = "90s",
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="TIME", help="How long each connection may take.")
    ] = "3s",
    here: Annotated[
        bool,
        typer.Option(
            "--here",
            help="This is where nginx runs: names and 127.0.0.1 mean here what they mean there.",
        ),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Also ask what is neither on this machine nor on a private network."
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be asked, and open no connection."),
    ] = False,
    write: Annotated[
        bool,
        typer.Option("--write", help="Correct what differs in upstreams.toml."),
    ] = False,
    shape: Format = Shape.text,
    color: arguments.Color = output.Colour.auto,
) -> None:
    """Ask the running upstreams whether what is claimed of them is true.

    It sends requests that change nothing, to the addresses that are claimed and no others, one
    connection at a time.

    Exit codes: 0 nothing differs, 1 something does, 2 nothing could be asked, or not everything
    could be read, 3 a fault of lint502 itself.
    """
    from lint502.probing.plan import Wanted, plan
    from lint502.probing.subjects import chosen, names
    from lint502.report import json
    from lint502.report import probe as reports

    if write and dry_run:
        raise typer.BadParameter("--dry-run opens nothing that --write could correct by")
    wanted = Wanted(_longest(timeout), measure, _longest(longest), yes)
    workspace = arguments.workspace_here(allow_paths)
    result = arguments.job(workspace, replace(request, roots=tuple(roots or ()))).run()
    known = names(result.sites)
    for name in upstreams or ():
        if name not in known:
            raise typer.BadParameter(_unknown(name, known), param_hint="UPSTREAM")
    found = chosen(result.sites, tuple(upstreams or ()), here=here)
    asked = [one for one in found.subjects if one.inside is None]
    output.say_problems(result.report.problems)
    _say_left(found, result, _words(upstreams, wanted, yes))
    style = output.style(color)
    plans = [(one, plan(one, wanted)) for one in asked]
    if dry_run:
        text = reports.render_plan(plans, style) if plans else ""
        if shape is Shape.json:
            text = json.dump(reports.plan_object(plans))
        output.write(text, shape.value)
        raise typer.Exit(2 if result.report.problems or not asked else 0)
    if not asked:
        output.fail("nothing could be asked: no address that is claimed can be reached from here")
    if measure:
        _announce(plans, wanted)
    probed = _probed(asked, wanted, found, result)
    for one in probed.asked:
        if one.refused is not None:
            where = f"{shown(one.subject.upstream)}: {shown(str(one.subject.address))}"
            output.say(f"not asked: {where}: {shown(one.refused)}")
    text = reports.render_json(probed) if shape is Shape.json else reports.render(probed, style)
    output.write(text, shape.value)
    if write:
        _write(probed, result, workspace.folder)
    reached = any(one.reached for one in probed.asked)
    if result.report.problems or not reached:
        raise typer.Exit(2)
    raise typer.Exit(int(probed.count("differs") > 0))


def _unknown(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    from lint502.wording import listed

    near = get_close_matches(name, known, 1)
    if near:
        return f"nothing is claimed of {shown(name)}; did you mean {shown(near[0])}?"
    there = f"; there are {shown(listed(known, 8))}" if known else ""
    return f"nothing is claimed of {shown(name)}{there}"


def _words(upstreams: Sequence[str] | None, wanted: Wanted, yes: bool) -> list[str]:
    """The arguments that make another lint502 ask the same."""
    words = [*(upstreams or ())]
    if wanted.measure:
        words += ["--measure", "--longest", f"{int(wanted.longest * 1000)}ms"]
    return [*words, "--yes"] if yes else words


def _say_left(found: Chosen, result: Result, words: Sequence[str]) -> None:
    """What is not asked, and how it is."""
    from lint502.probing.elsewhere import command

    for name, why in found.left:
        output.say(f"not asked: {shown(name)}: {shown(why)}")
    kinds = {one.name: one.kind for one in result.report.deployments}
    commands: dict[str, None] = {}
    for one in found.subjects:
        if one.inside is None:
            continue
        view = one.inside
        where = f"{shown(one.upstream)}: {shown(str(one.address))}"
        output.say(f"not asked: {where} is in the network of {shown(view.nginx)}, not in this one")
        commands[command(view, kinds.get(view.deployment, "compose"), words)] = None
    for line in commands:
        output.say(f"to ask from there:\n    {shown(line)}")


def _announce(plans: Sequence[tuple[Subject, Sequence[Question]]], wanted: Wanted) -> None:
    seconds = sum(one.seconds for _, questions in plans for one in questions)
    connections = sum(one.connections for _, questions in plans for one in questions)
    output.say(
        f"measuring: at most {connections} connections, one at a time, and {seconds:g} seconds; "
        f"an idle connection is kept for up to {wanted.longest:g} seconds"
    )


def _probed(asked: Sequence[Subject], wanted: Wanted, found: Chosen, result: Result) -> Probed:
    from lint502.probing.asking import ask
    from lint502.report.probe import Probed

    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    left = [*found.left]
    left += [
        (one.upstream, f"{one.address}: another network") for one in found.subjects if one.inside
    ]
    answers = tuple(ask(one, wanted, output.progress) for one in asked)
    output.progress("")
    return Probed(now, answers, tuple(left), result.report.problems)


def _write(probed: Probed, result: Result, folder: Path) -> None:
    """Correct the spec files, and say what is changed."""
    from lint502.cli.specs import text_of
    from lint502.cli.writing import Change, UnwritableError, change_all
    from lint502.probing.correcting import UncorrectableError, corrected
    from lint502.report.probe import differing

    specs = result.report.specs
    if not specs:
        output.say("there is no upstreams.toml to correct; lint502 init writes one")
        return
    changes, said = [], []
    for number, name in enumerate(specs):
        before = text_of(name)
        if before is None:
            continue
        try:
            new = corrected(before, name, differing(probed), adds=number == 0)
        except UncorrectableError as error:
            output.fail(f"{shown(name)} {shown(str(error))}; nothing is written")
        if new.changed:
            changes.append(Change(name, str(folder / name), before.encode(), new.text.encode()))
        said += [f"corrected in {shown(name)}: {shown(str(one))}" for one in new.changed]
        said += [f"not corrected: {shown(one)}" for one in new.left] if number == 0 else []
    try:
        change_all(changes)
    except UnwritableError as error:
        output.fail(str(error))
    for line in said or ["nothing differs that upstreams.toml could say; nothing is written"]:
        output.say(line)
