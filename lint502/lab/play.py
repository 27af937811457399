"""Plays a script in a scene, on a bench of its own or in a network namespace of its own."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

from msgspec import Struct

from lint502.evidence import Step
from lint502.lab import namespace
from lint502.lab.bench import Bench, LabError
from lint502.lab.binary import Nginx
from lint502.lab.errors import MachineError, failed, lack
from lint502.lab.machine import check
from lint502.lab.namespace import Machine
from lint502.lab.plan import Plan
from lint502.lab.scene import Scene
from lint502.lab.scripts import Script

_SECONDS = 60.0

_CHILD = "import sys; sys.path[:] = sys.argv[3:]; from lint502.lab.play import main; main()"
"""What a child runs, with ``-I``: nothing but its arguments says where it finds modules."""


class PlayOptions(Struct, frozen=True):
    """How a script is played: see :class:`~lint502.lab.scene.Scene`. ``isolated``: where nginx has
    only :data:`~lint502.lab.namespace.PORTS` local ports, and is the first to close.
    ``round_trip_matters``: what comes of it depends on the moment, and may take several tries."""

    alone: bool = False
    round_trip: float = 0.1
    round_trip_matters: bool = False
    isolated: bool = False


class Played(Struct, frozen=True):
    """What came of a script: the configuration that ran, and each request."""

    configuration: str
    steps: tuple[Step, ...]


def play(nginx: Nginx, plan: Plan, script: Script, setting: PlayOptions) -> Played:
    """Play a script; raises :class:`LabError` where that does not work here, and
    :class:`~lint502.lab.errors.MachineError` where the machine lacks something.

    Names that nginx looks up when it starts take a file hosts of its own, and other machines a
    network of its own.
    """
    if setting.isolated or plan.found_at_start or plan.leads_out:
        return _play_isolated(nginx, plan, script, setting)
    with Bench() as bench:
        return _play_on(bench, nginx, plan, script, setting)


def _play_on(
    bench: Bench,
    nginx: Nginx,
    plan: Plan,
    script: Script,
    setting: PlayOptions,
    hosts: Path | None = None,
    machine: Machine | None = None,
) -> Played:
    try:
        with Scene(
            bench,
            nginx,
            plan,
            alone=setting.alone,
            socket=setting.isolated,
            round_trip=setting.round_trip,
            nginx_closes_first=setting.isolated,
            hosts=hosts,
            machine=machine,
        ) as scene:
            script.play(scene)
            scene.check_machine()
            played = Played(scene.configuration, tuple(scene.steps))
    except (OSError, RuntimeError, MemoryError) as error:
        found = lack(error)
        if found is not None:
            raise MachineError(found) from error
        check(bench.folder)
        if isinstance(error, OSError):
            raise LabError(f"the scene has failed: {error.strerror or error}") from error
        raise
    except LabError:
        check(bench.folder)  # which may be why
        raise
    check(bench.folder)
    return played


def _play_isolated(nginx: Nginx, plan: Plan, script: Script, setting: PlayOptions) -> Played:
    """In a process of its own: a namespace is entered before there are threads."""
    with Bench() as bench:
        task, result = bench.folder / "task", bench.folder / "result"
        try:
            task.write_bytes(pickle.dumps((nginx, plan, script, setting)))
        except OSError as error:
            raise failed(error, "the scene has failed") from None
        child = bench.start(
            [sys.executable, "-I", "-c", _CHILD, task, result, *_module_folders()], "play"
        )
        bench.wait_until(lambda: child.poll() is not None or result.exists(), child, "play", 60)
        child.wait(_SECONDS)
        if not result.exists():
            check(bench.folder)
            raise LabError(f"the scene has failed: {bench.said('play').strip()[-2000:]}")
        played: Played | LabError | MachineError = pickle.loads(result.read_bytes())
    if isinstance(played, (LabError, MachineError)):
        raise played
    return played


def _module_folders() -> list[str]:
    """Where a child finds modules: where we do, but not in the working directory, where lie the
    files that are checked."""
    own = str(Path(__file__).parents[2])
    here = os.path.realpath(os.curdir)
    folders = [path for path in sys.path if path == own or os.path.realpath(path) != here]
    return folders if own in folders else [own, *folders]


def main() -> None:
    """Play the task of a file, and leave what came of it in another one."""
    task, result = map(Path, sys.argv[1:3])
    nginx, plan, script, setting = pickle.loads(task.read_bytes())
    hosts = task.with_name("hosts") if plan.found_at_start else None
    played: Played | LabError | MachineError
    try:
        machine = namespace.enter(hosts, few_ports=setting.isolated, leads_out=plan.leads_out)
        with Bench() as bench:
            played = _play_on(bench, nginx, plan, script, setting, hosts, machine)
    except (LabError, MachineError) as error:
        played = error
    unfinished = result.with_suffix(".new")
    unfinished.write_bytes(pickle.dumps(played))
    unfinished.rename(result)
