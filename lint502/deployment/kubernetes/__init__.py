"""Manifests of Kubernetes: what a cluster is asked to run.

Workloads, Services and ConfigMaps are read; Ingresses and routes of gateways configure an nginx
that is no file of the repository. Field by field from the API reference,
https://kubernetes.io/docs/reference/generated/kubernetes-api/.
"""

from __future__ import annotations

from collections.abc import Sequence

from lint502.deployment.containers import Project
from lint502.deployment.kubernetes import build, folders, objects
from lint502.deployment.kubernetes.bounds import Budget
from lint502.deployment.kubernetes.objects import Manifests, is_manifest
from lint502.deployment.repository import Repository
from lint502.places import SourceFile

__all__ = ["is_manifest", "project_of", "projects"]


def projects(repository: Repository, paths: Sequence[str]) -> tuple[Project, ...]:
    """What the manifests of a repository run; ``paths`` are absolute ones of all files that have
    some."""
    budget = Budget()
    read = {
        repository.name(path): objects.read_file(repository, path)
        for path in dict.fromkeys(map(repository.absolute, paths))
    }
    found = []
    for group in folders.groups(read):
        together = [read[path] for path in group.paths]
        manifests = Manifests(
            tuple(one for each in together for one in each.objects),
            tuple(one for each in together for one in each.unread) + group.unread,
        )
        found.append(build.project(group.name, manifests, group.paths, budget))
    return tuple(one for one in found if one.containers or one.services or one.unread)


def project_of(name: str, source: SourceFile) -> Project:
    """What rendered manifests run, such as the output of ``helm template``."""
    return build.project(name, objects.read(source), (source.name,), Budget())
