"""A record in its parts, as :mod:`lint502.diagnosis.fields` reads it, in steps of a query.

The steps take ``record``, the text of one as far as it is read, and ``cut_off``, whether it is as
long as the longest that nginx writes. They give ``level``, ``message``, ``upstream_field`` (NULL
where there is none), ``method``, and ``cut``: whether fields are missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from lint502.diagnosis import elsewhere, fields
from lint502.diagnosis.export.dialect import Columns, Dialect, case, either, every
from lint502.diagnosis.export.expressions import beginning, portable, without

_LEVELS = "emerg|alert|crit|error|warn|notice|info|debug"
_TIME = r"[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
STAMP = rf"\A{_TIME} \["
"""What a line begins with that begins a record."""

NUMBERED = rf"{_TIME} \[\w+\] [0-9]+#[0-9]+: \*[0-9]+ "
"""What a record begins with that is of a connection."""

HEAD = portable(fields.HEAD.pattern)
STARTING = portable(fields.STARTING.pattern)

_CLIENTS = (", client: ", ", udp client: ")
_CLIENT = r', (?:udp )?client: [^\s,"]*, server: '
_WORD = "client: "
_PLAIN = r'[^\s,"]*'
_ODD = without(_CLIENTS)
_REQUEST = ', request: "'
_STREAM = portable(fields.STREAM.pattern)
_TAILS = "|".join(
    (
        rf"{_PLAIN}\z",
        _PLAIN + _REQUEST,
        f"{_PLAIN}(?:{_STREAM})",
        _ODD + _REQUEST,
        f"{_PLAIN}(?:{portable(fields.CUT_STREAM.pattern)})",
        rf"{_PLAIN}{beginning([_REQUEST])}\z",
    )
)
"""What may follow ``server: ``; other text was sent by a client."""

_FITTING = rf"(?s){_CLIENT}(?:TAILS)"
_TAILS_CUT_OFF = rf"{_TAILS}|{_ODD}\z"
_VERSION = r" HTTP/\d+\.\d+ *"
_AFTER = r', \w+: ".*'
_SUBREQUEST = r'(?:, subrequest: "[^"]*")?'
_OPENINGS = (', subrequest: "', ', upstream: "', ', host: "', ', referrer: "')
_HOST = ', host: "[^ "]*"'
_REFERRER = ', referrer: ".*'
_BEGUN = beginning(_OPENINGS)
_BEGUN_WORD = beginning(opening[:-1] for opening in _OPENINGS)


def steps(dialect: Dialect) -> Sequence[Columns | str]:
    """The steps, one after the other."""
    return (
        every(
            either(
                dialect.matches("record", rf"\A{HEAD}"),
                dialect.matches("record", rf"\A{STARTING}"),
            ),
            f"NOT {_of_other_matters(dialect)}",
        ),
        _head(dialect),
        {"once": f"length(body) - length(replace(body, '{_WORD}', '')) = {len(_WORD)}"},
        {"fitting": f"NOT starting AND {_by_length(dialect.matches, 'body', _FITTING)}"},
        _ends(dialect),
        _message(dialect),
        _request(dialect),
        _after(dialect),
        _fields(dialect),
    )


def _of_other_matters(dialect: Dialect) -> str:
    """Whether a record is of what bears on no upstream, where nothing in it names one."""
    begun = "|".join(re.escape(text.decode()) for text in elsewhere.BEGINNINGS)
    return every(
        f"NOT {dialect.contains('record', 'upstream')}",
        dialect.matches("record", rf"\A{NUMBERED}(?:{begun})"),
    )


def _head(dialect: Dialect) -> Columns:
    starting = dialect.matches("record", rf"\A{STARTING}")
    level = rf"\A(?:{_TIME} |nginx: )\[({_LEVELS})\]"
    body = dialect.extracted("record", rf"(?s)\A(?:{HEAD}|{STARTING})(.*)\z")
    server = r', client: "([^\s"]*)", server: "([^"]*)"(?:, protocol: "(?:tcp|udp)")?'
    as_nginx = r", client: \1, server: \2"
    with_request = dialect.replaced(body, f'{server}, request_line: "', f"{as_nginx}{_REQUEST}")
    return {
        "starting": starting,
        "level": dialect.extracted("record", level),
        "body": case(
            (f"NOT {dialect.contains('record', ', client: ' + chr(34))}", body),
            other=dialect.replaced(with_request, server, as_nginx),
        ),
    }


def _by_length(say: Callable[[str, str], str], text: str, pattern: str) -> str:
    """What differs in records that are cut off, in which more may be missing."""
    return case(
        ("cut_off", say(text, pattern.replace("TAILS", _TAILS_CUT_OFF))),
        other=say(text, pattern.replace("TAILS", _TAILS)),
    )


def _ends(dialect: Dialect) -> Columns:
    """What is said, and what follows the server."""
    alone = r'(?s)\A(.*?), (?:udp )?client: [^\s,"]*\z'
    others = rf"(?s)\A(.*?)(?:{portable(fields.OTHER_FIELDS.pattern)})"
    free = dialect.matches("body", portable(fields.FREE.pattern))
    client = _CLIENTS[0]
    without_request = (
        ("starting", "body"),
        (dialect.matches("body", alone), dialect.extracted("body", alone)),
        (f"NOT {free} AND {dialect.matches('body', others)}", dialect.extracted("body", others)),
        (dialect.contains("body", client), dialect.extracted("body", rf"(?s)\A(.*?){client}")),
    )
    pattern = rf"(?s)\A(.*?){_CLIENT}(?:TAILS)"
    tail = rf"(?s)\A.*?{_CLIENT}((?:TAILS).*)\z"
    return {
        "said": case(
            ("fitting AND once", dialect.extracted("body", rf"(?s)\A(.*?){_CLIENT}")),
            ("fitting", _by_length(dialect.extracted, "body", pattern)),
            *without_request,
            other="body",
        ),
        "tail": case(
            ("fitting AND once", dialect.extracted("body", rf"(?s){_CLIENT}(.*)\z")),
            ("fitting", _by_length(dialect.extracted, "body", tail)),
            other="''",
        ),
        "cut_alone": case(
            ("starting", "FALSE"),
            (without_request[1][0], "cut_off"),
            (without_request[2][0], "cut_off"),
            (dialect.contains("body", client), "TRUE"),
            other="cut_off",
        ),
    }


def _message(dialect: Dialect) -> Columns:
    context = rf"(?s)\A(.*?){portable(fields.CONTEXT.pattern)}"
    message = case(
        (f"fitting AND {dialect.matches('said', context)}", dialect.extracted("said", context)),
        other="said",
    )
    again = _by_length(dialect.matches, "tail", _FITTING)
    session = dialect.matches("tail", rf"\A{_PLAIN}(?:{_STREAM})")
    plain = dialect.matches("tail", rf"\A{_PLAIN}{_REQUEST}")
    odd = dialect.matches("tail", rf"(?s)\A{_ODD}{_REQUEST}")
    free = dialect.matches("said", portable(fields.FREE.pattern))
    return {
        "message": message,
        "mixed": f"(fitting AND (cut_off OR (NOT once AND {again})) AND {free})",
        "plain": plain,
        "session": f"(fitting AND {session})",
        "asked": f"(fitting AND ({plain} OR (NOT {session} AND {odd})))",
    }


def _request(dialect: Dialect) -> Columns:
    plain = dialect.extracted("tail", rf"(?s)\A{_PLAIN}{_REQUEST}(.*)\z")
    odd = dialect.extracted("tail", rf"(?s)\A{_ODD}{_REQUEST}(.*)\z")
    return {
        "rest": case(
            ("mixed OR NOT asked", "''"),
            ("plain", plain),
            other=odd,
        )
    }


def _after(dialect: Dialect) -> Columns:
    return {
        "versioned": dialect.matches("rest", rf'(?s)\A.*?{_VERSION}"(?:{_AFTER})?\z'),
        "request": dialect.extracted("rest", rf'(?s)\A(.*?{_VERSION})"(?:{_AFTER})?\z'),
        "after": dialect.extracted("rest", rf'(?s)\A.*?{_VERSION}"((?:{_AFTER})?)\z'),
    }


def _fields(dialect: Dialect) -> Columns:
    later = dialect.matches("after", portable(fields.LATER_END.pattern))
    forged = r'", (?:upstream|host|referrer): "[!#-~]*'
    repeated = every(dialect.contains("request", "%22"), dialect.shared("request", forged, "after"))
    readable = f"(versioned AND NOT {later} AND NOT {repeated})"
    opening = rf'\A{_SUBREQUEST}, upstream: "'
    ends = f'{_HOST}(?:{_REFERRER}|{_BEGUN})|, host: "[^"]*|{_REFERRER}|{_BEGUN_WORD}'
    upstream = rf'(?s){opening}([^ ]*?)"(?:{ends})\z'
    begun = rf'(?s){opening}((?:{portable(fields.ADDRESS.pattern)})[^"]*)\z'
    there = r'(?:, upstream: "[^ ]*?")?'
    complete = dialect.matches(
        "after", rf"(?s)\A{_SUBREQUEST}{there}(?:{_HOST})?(?:{_REFERRER})?\z"
    )
    last = dialect.matches("after", rf"(?s)\A{_SUBREQUEST}{there}(?:{_HOST}|{_REFERRER})")
    named = rf'\A{_PLAIN}, upstream: "([^"\s]*)"(?:{_STREAM})'
    bare = dialect.matches("rest", r'(?s)\A[^"]*"\z')
    request = case(
        ("versioned", dialect.extracted("request", r"(?s)\A([^ ]*)")),
        other=dialect.extracted("rest", r'(?s)\A([^ "]*)'),
    )
    subrequest = r'\A, subrequest: "([^"]*)"'
    return {
        "upstream_field": case(
            (
                f"session AND NOT mixed AND {dialect.matches('tail', named)}",
                dialect.extracted("tail", named),
            ),
            (f"NOT {readable}", "NULL"),
            (dialect.matches("after", upstream), dialect.extracted("after", upstream)),
            (dialect.matches("after", begun), dialect.extracted("after", begun)),
        ),
        "cut": case(
            ("NOT fitting", "cut_alone"),
            ("mixed", "TRUE"),
            ("session", "FALSE"),
            ("asked AND versioned", f"NOT ({readable} AND {complete} AND (NOT cut_off OR {last}))"),
            ("asked", f"(cut_off OR NOT {bare})"),
            (dialect.matches("tail", rf"\A{_PLAIN}\z"), "cut_off"),
            other="TRUE",
        ),
        "method": case(
            (
                f"{readable} AND {dialect.matches('after', subrequest)}",
                dialect.extracted("after", subrequest),
            ),
            other=request,
        ),
    }
