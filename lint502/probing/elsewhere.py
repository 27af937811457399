"""The command that asks the same from nginx's own network, where that is a container's."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from lint502.deployment.viewpoint import Viewpoint

IMAGE = "lint502"
"""What the image is called that ``docker build -t lint502 .`` makes of lint502's Dockerfile."""


def command(view: Viewpoint, kind: str, words: Sequence[str]) -> str:
    """The command line that asks from where nginx is; ``words`` are the arguments of the probe,
    ``kind`` is that of the deployment."""
    asked = shlex.join(("probe", "--here", *words))
    if kind == "kubernetes":
        pod = f"POD_OF_{view.nginx}".upper().replace("-", "_").replace("/", "_")
        return f"kubectl debug -it {pod} --image={IMAGE} -- {asked}"
    nginx = f"$(docker compose -f {shlex.quote(view.deployment)} ps -q {shlex.quote(view.nginx)})"
    if kind == "image":
        nginx = "NGINX_CONTAINER"
    network, volumes = f'"container:{nginx}"', f'"{nginx}"'
    return (
        f"docker run --rm --network {network} --volumes-from {volumes} "
        f'-v "$PWD:/site:ro" {IMAGE} {asked}'
    )
