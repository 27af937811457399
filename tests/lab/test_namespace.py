"""A network of the lab's own, with a way to another machine."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from lint502.lab.behind import Planned
from lint502.lab.client import Request
from lint502.lab.namespace import OWN
from lint502.lab.plan import Plan
from lint502.lab.play import PlayOptions, play
from lint502.lab.scripts import Once
from lint502.lab.standins import Behaviour
from lint502.nginx.addresses import Address
from tests.support.nginxes import RELEASES, nginx_of

ELSEWHERE = Planned(Address("10.0.0.5", 3000), None, failing=True, elsewhere=True)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("bound", ["127.0.0.1", "127.0.0.1 transparent", "127.9.9.9"])
def test_the_loopback_does_not_lead_out(release: str, bound: str) -> None:
    nginx = nginx_of(release)
    text = (
        "    server {\n        listen @listen@;\n        location / {\n"
        f"            proxy_bind {bound};\n"
        f"            proxy_pass http://{ELSEWHERE.mark};\n        }}\n    }}\n"
    )
    plan = Plan("proxy", text, "", (ELSEWHERE,))
    (step,) = play(nginx, plan, Once((Request("GET", "/"),)), PlayOptions()).steps
    assert step.status == 502
    assert [line.partition(" while")[0] for line in step.log] == [
        "connect() to 10.0.0.5:3000 failed (22: Invalid argument)"
    ]


def test_any_other_address_does() -> None:
    nginx = nginx_of(RELEASES[-1])
    server = replace(ELSEWHERE, behaviour=Behaviour())
    text = (
        "    server {\n        listen @listen@;\n        location / {\n"
        f"            proxy_bind {OWN};\n            proxy_pass http://{server.mark};\n"
        "        }\n    }\n"
    )
    plan = Plan("proxy", text, "", (server,))
    (step,) = play(nginx, plan, Once((Request("GET", "/"),)), PlayOptions()).steps
    assert (step.status, step.log) == (200, ())
