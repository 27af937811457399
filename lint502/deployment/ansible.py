"""What Ansible puts into the templates of a role, as far as files of the repository say it.

Of a variable the role's ``vars/main.yml`` counts before ``group_vars/all``, and that before the
role's ``defaults/main.yml``. One that another group, or a host, has with another value is not
known; passwords and their like are left where they are.
Source: "Understanding variable precedence" of
https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from lint502.deployment.repository import Repository
from lint502.deployment.yaml import Yaml, YamlMap, YamlText, documents
from lint502.nginx.file_parser import Given
from lint502.patterns import regex
from lint502.reading import UnreadableError

MOST_LOOKED_AT = 2_000
"""Folders that are looked through for ``group_vars`` and ``host_vars``."""

_MOST_FILES = 200
_DEEPEST = 4
_ENDS = (".yml", ".yaml", ".json", "")
_OF_A_ROLE = ("defaults", "vars", "tasks")
_GROUPS = ("group_vars", "host_vars")
_NUMBER = regex(r"0|[1-9][0-9]*")
_TYPED = regex(
    r"[-+]?(?:[0-9][0-9_]*)?\.?[0-9_]*(?:e[-+]?[0-9]+)?|[-+]?0[xob][0-9a-f_]+|[-+]?\.(?:inf|nan)"
    r"|[-+]?[0-9_]+(?::[0-9]+)+(?:\.[0-9_]*)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*"
    r"|true|false|yes|no|on|off|y|n|null|~",
    re.I,
)
"""What YAML takes for something else than a text, which Jinja writes in another way."""

_SECRET = regex(r"pass(?:word|wd|phrase)?|secret|token|credential|vault|(?:^|_)key$", re.I)

_Open = dict[str, "Given | None"]
"""Values by name, as ``nginx.port``; None where one is not known."""


class RoleVariables:
    """The variables of the roles of a repository; each file is read once."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._roles: dict[str, Mapping[str, Given]] = {}
        self._groups: dict[str, tuple[_Open, _Open]] = {}

    def of(self, path: str) -> Mapping[str, Given]:
        """The values for a template by its path, by name; none where it is not a role's."""
        role = self._role(path)
        if role is None:
            return {}
        if role not in self._roles:
            self._roles[role] = self._values(role)
        return self._roles[role]

    def _role(self, path: str) -> str | None:
        """The folder of the role that a template belongs to."""
        before, found, _ = path.rpartition("/templates/")
        if not found:
            return None
        inside = any(self._repository.is_folder(os.path.join(before, one)) for one in _OF_A_ROLE)
        return before if inside else None

    def _values(self, role: str) -> Mapping[str, Given]:
        all_, others = self._of_groups(role)
        values: _Open = {}
        for found in (self._main(role, "defaults"), all_, self._main(role, "vars")):
            _override(values, found)
        return {
            name: given
            for name, given in values.items()
            if given is not None
            and (name not in others or _same(others[name], given))
            and name.partition(".")[0] not in (key for key, one in others.items() if one is None)
        }

    def _main(self, role: str, folder: str) -> _Open:
        inner = os.path.join(role, folder, "main")
        return self._read(self._files(inner))

    def _of_groups(self, role: str) -> tuple[_Open, _Open]:
        """What ``group_vars/all`` says, and what the files of other groups and of hosts say."""
        base = os.path.dirname(role)
        if os.path.basename(base) == "roles":
            base = os.path.dirname(base)
        if base not in self._groups:
            all_: _Open = {}
            others: _Open = {}
            for folder in self._group_folders(base):
                names = {
                    one.removesuffix(".yml").removesuffix(".yaml").removesuffix(".json")
                    for one in self._names(folder)
                }
                for name in sorted(names):
                    general = name == "all" and os.path.basename(folder) == "group_vars"
                    for path in self._files(os.path.join(folder, name)):
                        _agree(all_ if general else others, self._read([path]))
            self._groups[base] = all_, others
        return self._groups[base]

    def _group_folders(self, base: str) -> Iterator[str]:
        """The folders ``group_vars`` and ``host_vars`` beside the roles, or deeper."""
        level, left = [base], MOST_LOOKED_AT
        for _ in range(_DEEPEST):
            deeper = []
            for folder in level:
                left -= 1
                if left < 0:
                    return
                for name in self._names(folder):
                    path = os.path.join(folder, name)
                    if name.startswith(".") or name == "roles":
                        continue
                    if os.path.isdir(path) and not os.path.islink(path):
                        if name in _GROUPS:
                            yield path
                        else:
                            deeper.append(path)
            level = deeper

    def _names(self, folder: str) -> list[str]:
        if not self._repository.is_folder(folder):
            return []
        try:
            return sorted(os.listdir(folder))[:MOST_LOOKED_AT]
        except OSError:
            return []

    def _files(self, path: str) -> Iterator[str]:
        """A file of variables without its suffix, or those of the folder that is called so."""
        yield from (f"{path}{end}" for end in _ENDS if self._repository.is_file(f"{path}{end}"))
        for name in islice(self._names(path), _MOST_FILES):
            yield os.path.join(path, name)

    def _read(self, paths: Iterable[str]) -> _Open:
        values: _Open = {}
        for path in paths:
            source = self._repository.text(path)
            if source is None or source.text.startswith("$ANSIBLE_VAULT"):
                continue
            try:
                for document in documents(source):
                    if isinstance(document, YamlMap):
                        _override(values, dict(_flat("", document, source.name)))
            except UnreadableError:
                continue
        return values


def _flat(prefix: str, values: YamlMap, file: str) -> Iterator[tuple[str, Given | None]]:
    """The values of a mapping by their names, those within others as ``nginx.port``."""
    waiting: list[tuple[str, Yaml]] = [(prefix, values)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, YamlMap):
            dot = f"{name}." if name else ""
            waiting += [(f"{dot}{key}", inner) for key, inner in value.entries.items()]
        else:
            text = _text(value)
            hidden = text is None or _SECRET.search(name) is not None
            yield name, None if text is None or hidden else Given(text, file)


def _text(value: Yaml) -> str | None:
    """What Jinja writes for a value; None where that is not certain."""
    if not isinstance(value, YamlText) or value.block or value.tag:
        return None
    if "{{" in value.value or "{%" in value.value or "\n" in value.value:
        return None
    if value.plain and _TYPED.fullmatch(value.value) and not _NUMBER.fullmatch(value.value):
        return None
    return value.value


def _override(values: _Open, with_: _Open) -> None:
    """Values with those that count before them: of a mapping the whole is replaced."""
    tops = {name.partition(".")[0] for name in with_}
    for name in [one for one in values if one.partition(".")[0] in tops]:
        del values[name]
    values.update(with_)


def _agree(values: _Open, others: _Open) -> None:
    """Values with those of another file that may count in their place."""
    for name, given in others.items():
        if name in values and not _same(values[name], given):
            values[name] = None
        else:
            values[name] = given


def _same(one: Given | None, other: Given | None) -> bool:
    return one is not None and other is not None and one.value == other.value
