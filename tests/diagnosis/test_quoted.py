from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from lint502.diagnosis.causes import cause_of
from lint502.diagnosis.pasted import records
from tests.diagnosis.quoted_lines import QUOTED

_TIME = "2026-05-01T12:00:00.123456789Z"


def _one(line: str) -> str:
    """A line that was wrapped for a page, as the log has it."""
    return line.replace("\n", " ")


WRAPPED: Mapping[str, Callable[[str], str]] = {
    "plain": lambda line: line,
    "docker": lambda line: json.dumps({"log": f"{line}\n", "stream": "stderr", "time": _TIME}),
    "cri": lambda line: f"{_TIME} stderr F {_one(line)}",
    "kubectl": lambda line: f"{_TIME} {_one(line)}",
    "klog": lambda line: f"I0501 12:00:00.000000       7 controller.go:162] {_one(line)}",
    "syslog 3164": lambda line: f"<187>May  1 12:00:00 web nginx: {_one(line)}",
    "syslog in a file": lambda line: f"May  1 12:00:00 web nginx[812]: {_one(line)}",
    "syslog 5424": lambda line: f"<187>1 2026-05-01T12:00:00.000Z web nginx 812 - - {_one(line)}",
    "journald export": lambda line: (
        f"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1\n_PID=812\nMESSAGE={_one(line)}\n_UID=0\n"
    ),
    "journald json": lambda line: json.dumps({"__CURSOR": "s=1", "MESSAGE": line, "_PID": "8"}),
    "compose": lambda line: f"nginx-1  | {_one(line)}",
    "quoted": lambda line: f"> {_one(line)}",
    "indented": lambda line: f"    {line}",
}


@pytest.mark.parametrize("wrapping", WRAPPED)
def test_quoted_lines_show_what_they_came_of(wrapping: str) -> None:
    wrong = []
    for quoted in QUOTED:
        pasted = records(WRAPPED[wrapping](quoted.line))
        causes = [cause_of(statement) for one in pasted for statement in one.statements]
        rules = {rule for cause in causes for one in cause.candidates for rule in one.rules}
        names = {cause.name for cause in causes}
        if names != {quoted.cause} or (quoted.rule and quoted.rule not in rules):
            wrong.append((quoted, names))
    assert not wrong
