"""``lint502`` and ``python -m lint502``: the way in, and the one place where faults end."""

import os
import sys

if __name__ == "__main__":
    # Python has put the working directory first, where a typer.py, or a __future__.py (which is why
    # this file asks for none), may be part of what is checked. It is not to be run.
    try:
        if os.path.realpath(sys.path[0]) == os.path.realpath(os.curdir):
            del sys.path[0]
    except OSError:  # the working directory is gone
        pass

import gc

from lint502 import __version__


def main() -> None:
    """Run the command line; ends the process with the exit code."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")  # no name of a file may stop a report
    if sys.argv[1:] in (["--version"], ["-V"]):  # without the 100 ms that the command line takes
        _say_version()
        return
    gc.disable()  # a run is short, and what it builds it keeps to the end
    # looking for plugins of pydantic, of which lint502 has none, takes longer than using it
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from lint502.cli.logs import guarded_output

    with guarded_output():
        try:
            from lint502.cli.app import asked_for, command_line

            command_line(asked_for(sys.argv[1:]))(prog_name="lint502")
        except KeyboardInterrupt:
            sys.exit(130)
        except Exception as error:
            _report_fault(error)
            sys.exit(3)


def process() -> None:
    """:func:`main` as a process of its own: it ends with its output written, without taking apart
    what ends anyway, which would take longer than checking a small site."""
    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            raise
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, AttributeError):  # closed, or none at all
            raise end from None
        os._exit(end.code or 0)


def _say_version() -> None:
    try:
        print(f"lint502 {__version__}", flush=True)
    except OSError:  # nobody reads it any more; Python flushes once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)


def _report_fault(error: Exception) -> None:
    import platform
    import traceback

    from lint502.reading import shown

    trace = "".join(traceback.format_exception(error)).splitlines()
    lines = [
        "lint502 has failed. This is a fault of lint502, not of your configuration; please report",
        "it with the command that you ran and these lines:",
        "",
        f"lint502 {__version__}, Python {platform.python_version()}, {platform.platform()}",
        *(shown(line) for line in trace),
    ]
    print("\n".join(lines), file=sys.stderr)


if __name__ == "__main__":
    process()
