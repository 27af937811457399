"""Reports for the pictures of hops: with fronts and servers, with many hops, with any text."""

from __future__ import annotations

from msgspec.structs import replace

from lint502.findings import Finding, Severity
from lint502.places import Place
from lint502.report_model import FrontReport, HopReport, Report, ServerReport, State, TargetReport
from tests.support.canned import CLEAN, HOPS

STATES: tuple[State, ...] = ("passed", "failed", "undeclared", "undecidable")


def with_fronts(report: Report) -> Report:
    """The report with two fronts before the server of most hops, one of which fails."""
    hops = tuple(hop.id for hop in report.hops if hop.server == HOPS[0].server)
    place = Place("upstreams.toml", 40, 1, 21, 'kind = "aws-alb"', "the load balancer")
    return replace(
        report,
        fronts=(FrontReport("edge", "aws-alb"), FrontReport("inner")),
        servers=(
            ServerReport(HOPS[0].server, ("*:443 ssl",), ("edge", "inner"), hops, "nginx.conf"),
        ),
        findings=(
            *report.findings,
            Finding(
                "front-keepalive-race",
                Severity.ERROR,
                502,
                "sometimes",
                "nginx closes idle connections first",
                place,
                front="edge",
            ),
        ),
    )


def many(servers: int, failing: int = 0, rules: int = 1) -> Report:
    """A report with two hops a server; those of the first ``failing`` servers fail, each of a rule
    of some."""
    hops, made, findings = [], [], []
    for number in range(servers):
        ids = (f"{number}a", f"{number}b")
        for id in ids:
            failed = number < failing
            place = Place(f"conf.d/{number}.conf", 7, 5, 30, f"    proxy_pass http://app{number};")
            target = TargetReport(f"127.0.0.1:{number}", f"app{number}", ("upstreams.toml:3",))
            state: State = "failed" if failed else "passed"
            server = f"site{number}.example.com"
            value = f"http://app{number}"
            location = "/" if id.endswith("a") else "/static/"
            hops.append(
                HopReport(id, place, "proxy_pass", value, server, location, state, (target,))
            )
            if failed:
                rule = f"rule-{number % rules}"
                message = f"app{number} listens elsewhere"
                findings.append(
                    Finding(rule, Severity.ERROR, 502, "always", message, place, hops=(id,))
                )
        made.append(ServerReport(server, ("*:80",), ("edge",), ids, "nginx.conf"))
    return replace(
        CLEAN,
        hops=tuple(hops),
        servers=tuple(made),
        fronts=(FrontReport("edge", "aws-alb"),),
        findings=tuple(findings),
    )


def around(text: str) -> Report:
    """A report that has a text wherever a picture shows one."""
    place = Place(text, 1, 1, 2, text, text)
    target = TargetReport(text, f"{text}u", (text,))
    hops = [
        HopReport(
            f"hop-{state}", place, "proxy_pass", text, f"{text}s", text, state, (target,), text
        )
        for state in STATES
    ]
    finding = Finding(
        "rule", Severity.ERROR, 502, "always", text, place, (place,), ("hop-failed",), text, text
    )
    return replace(
        CLEAN,
        roots=(text,),
        specs=(text,),
        hops=tuple(hops),
        fronts=(FrontReport(f"{text}f", text),),
        servers=(ServerReport(f"{text}s", (text,), (f"{text}f",), ("hop-failed",), text),),
        findings=(finding,),
    )
