"""Which YAML is a Compose file: told by what is in it, for its name says nothing."""

from __future__ import annotations

from lint502.deployment.yaml import Yaml, YamlList, YamlMap, YamlText

_SERVICE_KEYS = """
    annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs
    container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime
    cpu_shares cpus cpuset credential_spec depends_on deploy develop device_cgroup_rules devices dns
    dns_opt dns_search domainname driver_opts entrypoint env_file environment expose extends
    external_links extra_hosts gpus group_add healthcheck hostname image init ipc isolation
    label_file labels links logging mac_address mem_limit mem_reservation mem_swappiness
    memswap_limit models network_mode networks oom_kill_disable oom_score_adj pid pids_limit
    platform ports post_start pre_start pre_stop privileged profiles provider pull_policy read_only
    restart runtime scale secrets security_opt shm_size stdin_open stop_grace_period stop_signal
    storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts volumes volumes_from
    working_dir
"""
_SERVICE = frozenset(_SERVICE_KEYS.split())
"""The keys of a service in the Compose Specification, 05-services.md."""

_OLD = _SERVICE | frozenset(("dockerfile", "log_driver", "log_opt", "net", "volume_driver"))
"""Those of a service in the first form of Compose files, which has no ``services``."""

_TOP = frozenset(
    ("version", "name", "include", "services", "networks", "volumes", "configs", "secrets",
     "models")
)  # fmt: skip


def is_compose(node: Yaml) -> bool:
    """Whether a document is a Compose file: services with an image, a build, or other keys that
    services have; or an ``include`` of such files alone."""
    if not isinstance(node, YamlMap):
        return False
    if "services" not in node.entries and is_old(node):
        return True
    if not all(key in _TOP or key.startswith("x-") for key in node.entries):
        return False
    services = node.map("services")
    if services is not None and services.entries:
        return _any_service(services)
    return (services is not None or node.get("services") is None) and _includes(node)


def is_old(node: YamlMap) -> bool:
    """Whether a mapping is a Compose file of the first form: services at the top."""
    if any(key in node.entries for key in ("services", "jobs", "stages", "apiVersion")):
        return False
    services = {key: one for key, one in node.entries.items() if not key.startswith("x-")}
    return (
        bool(services)
        and all(isinstance(one, YamlMap) and set(one.entries) <= _OLD for one in services.values())
        and any(isinstance(one, YamlMap) and _runs(one) for one in services.values())
    )


def _any_service(services: YamlMap) -> bool:
    """Whether services are those of Compose: most of their keys are, for other files have images
    of services too."""
    found = [one for one in services.entries.values() if isinstance(one, YamlMap)]
    keys = [key in _SERVICE or key.startswith("x-") for one in found for key in one.entries]
    if any(_runs(one) or _extends(one) for one in found):
        return keys.count(False) * 2 < keys.count(True)
    return bool(keys) and all(keys)


def _runs(service: YamlMap) -> bool:
    build = service.get("build")
    return service.text("image") is not None or isinstance(build, (YamlText, YamlMap))


def _extends(service: YamlMap) -> bool:
    extends = service.map("extends")
    return extends is not None and "service" in extends.entries


def _includes(node: YamlMap) -> bool:
    included = node.list("include")
    return included is not None and bool(included.items) and all(map(_is_include, included.items))


def _is_include(item: Yaml) -> bool:
    if isinstance(item, YamlText):
        return not item.value.startswith(("/", "http:", "https:"))
    return isinstance(item, YamlMap) and isinstance(item.get("path"), (YamlText, YamlList))
