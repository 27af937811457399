"""Manifests of Kubernetes: what a cluster is asked to run.

Workloads, Services and ConfigMaps are read; Ingresses and routes of gateways configure an nginx
that is no file of the repository. Field by field from the API reference,
https://kubernetes.io/docs/reference/generated/kubernetes-api/.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from lint502.deployment.containers import Project
from lint502.deployment.kubernetes import build, folders, kustomize, objects
from lint502.deployment.kubernetes.bounds import Budget
from lint502.deployment.kubernetes.kustomize import Kustomizations
from lint502.deployment.kubernetes.objects import Manifests, is_manifest
from lint502.deployment.repository import Repository
from lint502.deployment.texts import Unread
from lint502.places import SourceFile

__all__ = ["is_manifest", "project_of", "projects"]


def projects(repository: Repository, paths: Sequence[str]) -> tuple[Project, ...]:
    """What the manifests of a repository run; ``paths`` are absolute ones of all files that have
    some, and of kustomizations."""
    budget = Budget()
    absolute = tuple(dict.fromkeys(map(repository.absolute, paths)))
    found, taken = _kustomized(repository, absolute, budget)
    read = {
        repository.name(path): objects.read_file(repository, path)
        for path in absolute
        if path not in taken and os.path.dirname(path) not in taken
    }
    for group in folders.groups(read):
        together = [read[path] for path in group.paths]
        manifests = Manifests(
            tuple(one for each in together for one in each.objects),
            (*_once(one for each in together for one in each.unread), *group.unread),
        )
        found.append(build.project(group.name, manifests, group.paths, budget))
    return tuple(one for one in found if one.containers or one.services or one.unread)


def _once(unread: Iterable[Unread]) -> Iterator[Unread]:
    """What was not read, with all templates of a chart said at the first one."""
    helm: list[Unread] = []
    for one in unread:
        if one.why == objects.HELM:
            helm.append(one)
        else:
            yield one
    if helm:
        others = len(helm) - 1
        more = f"; so {'is' if others == 1 else 'are'} {others} more" if others else ""
        yield Unread(helm[0].place, f"{objects.HELM}{more}")


def _kustomized(
    repository: Repository, paths: Sequence[str], budget: Budget
) -> tuple[list[Project], set[str]]:
    """What kustomizations run that no other one is made of; and the files that they are made of,
    with their folders: what else is in these is run by nobody."""
    folders_of = dict.fromkeys(map(os.path.dirname, paths))
    asked = [one for one in folders_of if kustomize.path_in(repository, one) is not None]
    all_of_them = Kustomizations(repository, budget)
    built = {folder: all_of_them.build(folder) for folder in asked}
    taken = set(asked)
    found = []
    for folder, one in built.items():
        taken.update(one.files)
        if folder not in all_of_them.used and not all_of_them.is_component(folder):
            files = tuple(map(repository.name, one.files))
            manifests = Manifests(one.objects, one.unread)
            name = f"{repository.name(folder)}/"
            found.append(build.project(name, manifests, files, budget))
    return found, taken


def project_of(name: str, source: SourceFile) -> Project:
    """What rendered manifests run, such as the output of ``helm template``."""
    return build.project(name, objects.read(source), (source.name,), Budget())
