from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec.structs import replace

from lint502.diagnosis.access import answers
from lint502.diagnosis.access.answers import Answers
from lint502.diagnosis.access.requests import Attempt, Request
from lint502.diagnosis.diagnosis import Access, Group, WithoutLine
from tests.support.diagnoses import CLOSED, MINUTE, REFUSED

BAD = Attempt("127.0.0.1:3001", "502", False)
GOOD = Attempt("127.0.0.1:3002", "200", True)


def request(status: str, *attempts: Attempt, **facts: object) -> Request:
    return replace(
        Request(status, MINUTE, "GET", "/api/orders", attempts, bool(attempts)),
        **facts,  # type: ignore[arg-type]
    )


def taken(
    groups: list[Group], requests: Iterable[Request]
) -> tuple[list[dict[str, int]], dict[tuple[str, str, str], int]]:
    found = Answers(groups)
    for one in requests:
        found.take(one)
    without = {
        (one.source, one.answer, one.upstream): count
        for one, count in found.access(0, "").without_line.items()
    }
    return [dict(one.answers) for one in found.groups()], without


def test_what_clients_got() -> None:
    requests = [
        request("502", BAD),
        request("502", BAD, BAD),
        request("200", BAD, GOOD),
        request("200", BAD, GOOD, redirected=True),
        request("404", BAD, replace(GOOD, status="404")),
        request("499", replace(BAD, status="-")),
        request("200", GOOD),
    ]
    expected = {
        "502": 2,
        "200 after a retry": 1,
        "200 from another location": 1,
        "404 after a retry": 1,
        "499 after a retry": 1,
    }
    assert taken([REFUSED, CLOSED], requests) == ([expected, {}], {})


def test_groups_behind_one_address_are_told_apart_by_what_was_asked_for() -> None:
    other = replace(
        REFUSED,
        tally=replace(REFUSED.tally, paths=Counter({"/b": 3}), methods=Counter({"GET": 3})),
    )
    paths = ["/b", "/api/a", "/nowhere"]
    found, without = taken([REFUSED, other], [request("502", BAD, path=path) for path in paths])
    assert found == [{"502": 1}, {"502": 1}]
    assert without == {}


def test_a_failure_without_a_line() -> None:
    unsaid = replace(BAD, header=None)
    requests = [
        request("502", BAD, minute=MINUTE + 10),
        request("502", unsaid, minute=MINUTE + 10),
        request("502", replace(BAD, header=True)),
        request("504", Attempt("10.9.9.9:80", "504", True)),
        request("502", path="/x"),
        request("502", path="/x", asked=None),
        request("502", path="/x", cached=True),
        request("500", Attempt("10.9.9.9:80", "500", True)),
        request("503", path="/x"),
    ]
    found, without = taken([REFUSED], requests)
    assert found == [{}]
    assert without == {
        (answers.NO_LINE, "502", "127.0.0.1:3001"): 1,
        (answers.NOT_SAID, "502", "127.0.0.1:3001"): 1,
        (answers.ITSELF, "502", "127.0.0.1:3001"): 1,
        (answers.ITSELF, "504", "10.9.9.9:80"): 1,
        (answers.NGINX, "502", ""): 1,
        (answers.NOT_SAID, "502", ""): 1,
        (answers.KEPT, "502", ""): 1,
    }


def test_a_request_that_took_long_ends_after_its_line() -> None:
    late = request("504", BAD, minute=MINUTE + 5, seconds=300.0)
    assert taken([REFUSED], [late]) == ([{"504": 1}], {})
    assert taken([REFUSED], [replace(late, seconds=1.0)])[0] == [{}]


def test_a_format_without_upstreams_goes_by_the_path() -> None:
    plain = request("502", asked=None)
    assert taken([REFUSED, CLOSED], [plain])[0] == [{"502": 1}, {}]
    subrequest = request("500", asked=False)
    assert taken([REFUSED, CLOSED], [subrequest])[0] == [{"500": 1}, {}]


def test_all_that_is_counted() -> None:
    found = Answers([])
    for one in (request("200", GOOD), request("200", BAD, GOOD), request("009", GOOD)):
        found.take(one)
    assert found.access(2, "x") == Access(3, Counter({"200": 2, "009": 1}), Counter(), 1, 2, "x")


def test_kinds_without_a_line_are_bounded() -> None:
    found = Answers([])
    for number in range(3000):
        found.take(request("502", Attempt(f"10.0.0.1:{number}", "502", True)))
    without = found.access(0, "").without_line
    assert len(without) == 1001
    assert without[WithoutLine(answers.ITSELF, "502", "…")] == 2000


def test_how_long_it_took_until_the_upstream_failed() -> None:
    found = Answers([REFUSED, CLOSED])
    for seconds in (30.001, None, 29.999):
        found.take(request("502", replace(BAD, seconds=seconds)))
    assert [one.took for one in found.groups()] == [(29.999, 30.001), None]
