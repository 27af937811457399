"""The workloads of manifests: the pods that they make, and the containers of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from lint502.deployment.containers import HOST, Container, Program
from lint502.deployment.kubernetes import fields, mounts, probes, variables
from lint502.deployment.kubernetes.bounds import TOO_MUCH, Budget
from lint502.deployment.kubernetes.configs import Configs
from lint502.deployment.kubernetes.objects import Object
from lint502.deployment.services import CLUSTER, Pod
from lint502.deployment.texts import Text, Unread, Words
from lint502.deployment.yaml import YamlMap

PODS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("apps", "Deployment"): ("spec", "template"),
    ("extensions", "Deployment"): ("spec", "template"),
    ("apps", "DaemonSet"): ("spec", "template"),
    ("extensions", "DaemonSet"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("extensions", "ReplicaSet"): ("spec", "template"),
    ("", "ReplicationController"): ("spec", "template"),
    ("", "Pod"): (),
    ("batch", "Job"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("argoproj.io", "Rollout"): ("spec", "template"),
    ("apps.openshift.io", "DeploymentConfig"): ("spec", "template"),
}
"""Where the kinds of workloads, by their API and name, have the template of their pods."""


class Workload(Struct, frozen=True):
    """A workload with the template of its pods; ``labels`` are theirs, None where not known."""

    made_by: Object
    pod: YamlMap
    labels: Mapping[str, str] | None
    containers: tuple[Container, ...] = ()


def find(objects: Sequence[Object]) -> Iterator[Workload]:
    """The workloads among some objects, without those that another one of them has made, such as
    the pods of a Deployment in what ``kubectl get`` lists."""
    makers = {(one.kind, one.namespace, one.name.value) for one in objects}
    for one in objects:
        path = PODS.get((one.group, one.kind))
        if any(maker in makers for maker in _makers(one)):
            continue
        template: YamlMap | None = one.node if path is not None else None
        for step in path or ():
            template = None if template is None else template.map(step)
        spec = None if template is None else template.map("spec")
        if template is None or spec is None:
            continue
        metadata = template.map("metadata")
        labels = {} if metadata is None else fields.labels(metadata.map("labels"))
        yield Workload(one, spec, labels)


def _makers(one: Object) -> Iterator[tuple[str, str, str]]:
    metadata = one.node.map("metadata")
    references = None if metadata is None else metadata.list("ownerReferences")
    for reference in fields.maps(references):
        kind, name = reference.text("kind"), reference.text("name")
        if kind is not None and name is not None:
            yield kind.value, one.namespace, name.value


def with_containers(
    workloads: Sequence[Workload],
    configs: Configs,
    services: Mapping[str, frozenset[str]],
    budget: Budget,
) -> tuple[list[Workload], list[Unread]]:
    """The workloads with the containers of their pods; ``services`` are the variables that each
    namespace may have for its Services."""
    found: list[Workload] = []
    unread: list[Unread] = []
    taken: dict[str, int] = {}
    for one in workloads:
        home = one.made_by.namespace
        containers = []
        for node in _nodes(one.pod):
            if not budget.take(1):
                unread.append(Unread(node.place, TOO_MUCH))
                return found, unread
            name = _name(one, node, taken)
            names = services.get(home, frozenset()) if _links(one.pod) else frozenset()
            containers.append(_container(one, name, node, configs, names, budget))
        found.append(Workload(one.made_by, one.pod, one.labels, tuple(containers)))
    return found, unread


def _nodes(pod: YamlMap) -> Iterator[YamlMap]:
    """The containers of a pod that stay: also those that start before the others."""
    yield from fields.maps(pod.list("containers"))
    for node in fields.maps(pod.list("initContainers")):
        policy = node.text("restartPolicy")
        if policy is not None and policy.value == "Always":
            yield node


def _name(workload: Workload, node: YamlMap, taken: dict[str, int]) -> str:
    """The name of a container that no other one of the project has: ``"web/nginx"``."""
    own, made_by = fields.known(node.get("name")), workload.made_by
    name = f"{made_by.name.value}/{'container' if own is None else own.value}"
    for before in (made_by.namespace, made_by.kind.lower()):
        if name in taken and before:
            name = f"{before}/{name}"
    count = taken[name] = taken.get(name, 0) + 1
    return name if count == 1 else f"{name} ({count})"


def _links(pod: YamlMap) -> bool:
    """Whether the variables of Services are set."""
    links = pod.text("enableServiceLinks")
    return links is None or links.is_true


def _container(
    workload: Workload,
    name: str,
    node: YamlMap,
    configs: Configs,
    services: frozenset[str],
    budget: Budget,
) -> Container:
    home, pod = workload.made_by.namespace, workload.pod
    owner = workload.made_by.name.value
    found = variables.of_container(node, home, configs, services, budget)
    layers, unread = mounts.layers(pod, node, _pod_name(workload), home, configs, budget)
    on_host = _says_yes(pod, "hostNetwork")
    replicas = (workload.made_by.node.map("spec") or pod).text("replicas")
    own = node.text("name")
    return Container(
        name=name,
        place=node.place if own is None else own.place,
        program=_program(pod, node, found),
        networks=frozenset((CLUSTER,)),
        namespace=HOST if on_host else _pod_name(workload),
        ports=probes.ports(node),
        layers=layers,
        hosts=mounts.host_aliases(pod),
        unread=unread,
        active=replicas is None or replicas.value != "0",
        pod=Pod(owner, home, _asks_cluster(pod, on_host)),
    )


def _pod_name(workload: Workload) -> str:
    """A name of the pod that those of others do not have: ``"deployment/web"``."""
    made_by = workload.made_by
    name = f"{made_by.kind.lower()}/{made_by.name.value}"
    return f"{made_by.namespace}/{name}" if made_by.namespace else name


def _says_yes(node: YamlMap, key: str) -> bool:
    found = node.text(key)
    return found is not None and found.is_true


def _asks_cluster(pod: YamlMap, on_host: bool) -> bool | None:
    """Whether a pod asks the DNS of the cluster (``dnsPolicy``)."""
    policy = fields.text(pod.get("dnsPolicy"))
    written = "ClusterFirst" if policy is None else policy.value
    if written == "ClusterFirst":
        return not on_host
    return {"ClusterFirstWithHostNet": True, "Default": False}.get(written)


def _program(pod: YamlMap, node: YamlMap, found: variables.Variables) -> Program:
    command, arguments = _words(node, "command", found), _words(node, "args", found)
    words = command
    if command is not None and arguments is not None:
        words = Words((*command.words, *arguments.words), command.place)
    entry_point_stays = command is None and not _given(node, "command")
    if _given(node, "args") and arguments is None:
        words = None
    workdir = fields.known(node.get("workingDir"))
    return Program(
        words=words,
        image=fields.known(node.get("image")),
        environment=found.values,
        unknown=found.unknown(),
        workdir="/" if workdir is None else workdir.value,
        user=_user(pod, node),
        arguments=arguments if entry_point_stays else None,
        open=found.open,
    )


def _given(node: YamlMap, key: str) -> bool:
    """Whether a list of words has any; an empty one is none."""
    words = node.list(key)
    return node.get(key) is not None and (words is None or bool(words.items))


def _words(node: YamlMap, key: str, found: variables.Variables) -> Words | None:
    """The words of a list; None where one of them is not known."""
    written = node.list(key)
    if written is None or not written.items:
        return None
    texts = [fields.text(item) for item in written.items]
    if any(text is None or "{{" in text.value for text in texts):
        return None
    values = [text.value for text in texts if text is not None]
    return Words(variables.words(values, found), written.place)


def _user(pod: YamlMap, node: YamlMap) -> Text | None:
    """Who runs it, ``"1000"`` or ``"1000:1000"``; the container says it, or its pod."""
    contexts = [one for one in (node.map("securityContext"), pod.map("securityContext")) if one]
    user, group = (
        next((text for one in contexts if (text := fields.known(one.get(key)))), None)
        for key in ("runAsUser", "runAsGroup")
    )
    if user is None or group is None:
        return user
    return Text(f"{user.value}:{group.value}", user.place)
