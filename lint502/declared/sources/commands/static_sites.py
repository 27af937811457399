"""Tools that serve pages, notebooks and models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lint502.declared.listeners import Fact
from lint502.declared.sources.commands.calls import NOTHING, Call, Result
from lint502.declared.sources.commands.facts import (
    address,
    bind_fact,
    default,
    port_fact,
    speaks,
)
from lint502.declared.sources.commands.options import Options, spelled
from lint502.declared.sources.commands.words import Word

Facts = dict[str, Fact[Any]]


class _Tool(Struct, frozen=True):
    """A program with options for port and host: its defaults, the variables that it reads, and the
    first argument that makes it a server."""

    title: str
    source: str
    port: int
    host: str
    commands: tuple[str, ...] = ()
    port_names: str = "--port"
    host_names: str = "--host"
    port_variable: str = ""
    host_variable: str = ""
    profile: str | None = None
    configured: tuple[str, ...] = ()
    """Files that may set them otherwise."""

    def __call__(self, call: Call) -> Result:
        options = Options(call.arguments, spelled(port=self.port_names, host=self.host_names))
        first = options.arguments[0].text if options.arguments else ""
        if self.commands and first not in self.commands:
            return NOTHING
        port = options.last("port") or call.variable(self.port_variable)
        host = options.last("host") or call.variable(self.host_variable)
        facts = speaks("http", call.place, self.profile)
        known = call.first_source(*self.configured) is None
        if port is None and known:
            facts["port"] = default(self.port, call.place, self.title, self.source)
        if host is None and known:
            facts["bind"] = default((self.host,), call.place, self.title, self.source)
        return Result((call.name,), (facts | port_fact(port) | bind_fact(host),))


def _mkdocs(call: Call) -> Result:
    options = Options(call.arguments, spelled(at="-a --dev-addr", file="-f --config-file"))
    if not options.arguments or options.arguments[0].text != "serve":
        return NOTHING
    at = options.last("at")
    facts = speaks("http", call.place)
    if at is not None:
        return Result(("mkdocs",), ({**facts, **address(at)},))
    file = options.last("file")
    source = call.source("mkdocs.yml" if file is None else file.text)
    if source is None or "dev_addr" not in source.text:
        documented = "https://www.mkdocs.org/user-guide/configuration/#dev_addr"
        facts["port"] = default(8000, call.place, "MkDocs", documented)
        facts["bind"] = default(("127.0.0.1",), call.place, "MkDocs", documented)
    return Result(("mkdocs",), (facts,))


def _ollama(call: Call) -> Result:
    """OLLAMA_HOST is ``host``, ``host:port`` or a URL."""
    if not call.arguments or call.arguments[0].text not in ("serve", "start"):
        return NOTHING
    at = call.variable("OLLAMA_HOST")
    facts = speaks("http", call.place, "go")
    source = "ollama/ollama@v0.12.0:envconfig/config.go (Host())"
    usual = Word("11434", call.place)
    if at is None:
        facts["port"] = default(11434, call.place, "Ollama", source)
        facts["bind"] = default(("127.0.0.1",), call.place, "Ollama", source)
        return Result(("ollama",), (facts,))
    return Result(("ollama",), ({**facts, **address(at, usual)},))


_ALL = "0.0.0.0"
_LOCAL = "127.0.0.1"

_JUPYTER = _Tool(
    "Jupyter",
    "https://jupyter-server.readthedocs.io/en/latest/other/full-config.html",
    8888,
    "localhost",
    port_names="--port --ServerApp.port --NotebookApp.port",
    host_names="--ip --ServerApp.ip --NotebookApp.ip",
    port_variable="JUPYTER_PORT",
)

PROGRAMS: Mapping[str, Callable[[Call], Result]] = {
    "streamlit": _Tool(
        "Streamlit",
        "https://docs.streamlit.io/develop/api-reference/configuration/config.toml#server",
        8501,
        _ALL,
        ("run", "hello"),
        port_names="--server.port",
        host_names="--server.address",
        port_variable="STREAMLIT_SERVER_PORT",
        host_variable="STREAMLIT_SERVER_ADDRESS",
        configured=(".streamlit/config.toml",),
    ),
    **dict.fromkeys(("jupyter-lab", "jupyter-notebook", "jupyter-server"), _JUPYTER),
    "jupyter": replace(_JUPYTER, commands=("lab", "notebook", "server")),
    "hugo": _Tool(
        "Hugo",
        "https://gohugo.io/commands/hugo_server/",
        1313,
        _LOCAL,
        ("server", "serve"),
        port_names="-p --port",
        host_names="--bind",
        profile="go",
    ),
    "mkdocs": _mkdocs,
    "ollama": _ollama,
    "vllm": _Tool(
        "vLLM",
        "https://docs.vllm.ai/en/latest/cli/serve.html",
        8000,
        _ALL,
        ("serve",),
    ),
    "mlflow": _Tool(
        "MLflow",
        "https://mlflow.org/docs/latest/cli.html#mlflow-server",
        5000,
        _LOCAL,
        ("server", "ui"),
        port_names="-p --port",
        host_names="-h --host",
        port_variable="MLFLOW_PORT",
        host_variable="MLFLOW_HOST",
    ),
    "tensorboard": _Tool(
        "TensorBoard",
        "https://github.com/tensorflow/tensorboard (core_plugin.py)",
        6006,
        "localhost",
    ),
}
