"""Which files one command of RUN writes, moves and removes."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from lint502.deployment import ignored
from lint502.deployment.dockerfile.contents import printed
from lint502.deployment.dockerfile.state import State, absolute
from lint502.deployment.filesystem import ContainerFiles, OnDisk
from lint502.deployment.layers import Inline, Layer, Moved, Removed, Unseen
from lint502.deployment.shell import UNKNOWN, Redirection, SimpleCommand, expand
from lint502.deployment.yaml import YamlText
from lint502.patterns import regex
from lint502.places import Place

_NAMED = regex(r"\$\{?([A-Za-z_]\w*)")
_WRITES = frozenset((">", ">>", ">|", "&>", "&>>", "<>"))
_LINE_ENDS = regex(r"s(.)(?:\\r|\^M|\r|\\x0[dD])\$?\1\1g?;?")
"""An edit that takes carriage returns from the ends of lines."""

_NOT_FILES = ("/dev/", "/proc/", "/sys/")
_HARMLESS = regex(r"(?:\s|\\n|-[neE]+ )*daemon\s+off\s*;(?:\s|\\n)*")
"""What may be appended to nginx's main file without changing what it answers."""


class Run(Struct, frozen=True):
    """A program with its words, as it is run: in which folder (None where that is not known), and
    whether it is at all."""

    words: tuple[str, ...]
    command: SimpleCommand
    folder: str | None
    place: Place
    variables: Mapping[str, str | None]
    conditional: bool
    inner: tuple[Run, ...] = ()
    """The commands of ``{ …; }``, whose output goes together."""

    def path(self, written: str) -> str | None:
        """An absolute path; None where it is not known, or no file."""
        if not written or UNKNOWN in written or written.startswith(("~", "-")):
            return None
        if not written.startswith("/") and self.folder is None:
            return None
        path = absolute(self.folder or "/", written)
        return None if path == "/" or path.startswith(_NOT_FILES) else path

    @property
    def program(self) -> str:
        """The name of what is run."""
        return posixpath.basename(self.words[0]) if self.words else ""


def effects(state: State, run: Run, before: Run | None) -> Iterator[Layer]:
    """What a command does to files; ``before`` is the command whose output it reads."""
    made: list[Layer] = []
    for redirection in run.command.redirections:
        if redirection.operator in _WRITES:
            made += _redirected(run, redirection, before)
    program = _PROGRAMS.get(run.program)
    if program is not None:
        made += program(state, run)
    elif run.program == "tee":
        made += _tee(run, before)
    for layer in made:
        yield Unseen(_folder_of(layer.target), run.place) if run.conditional else layer


def _redirected(run: Run, redirection: Redirection, before: Run | None) -> Iterator[Layer]:
    path = run.path(expand(redirection.target, run.variables))
    if path is None:
        return
    if redirection.descriptor not in (None, 1):
        yield Unseen(path, run.place)
    elif redirection.operator in (">", ">|"):
        yield _written(run, path, before)
    elif run.program not in ("echo", "printf") or not _HARMLESS.fullmatch(" ".join(run.words[1:])):
        yield Unseen(path, run.place)


def _written(run: Run, path: str, before: Run | None) -> Layer:
    """A file that holds what a command prints."""
    text = _printed(run)
    if (not run.words and not run.command.compound) or run.words == (":",):
        text = ""
    read = _read(run, before)
    if text is not None and UNKNOWN not in text:
        return Inline(path, YamlText(text, run.place, plain=False, block="heredoc"), run.place)
    if read is not None and run.program == "envsubst" and UNKNOWN not in "".join(run.words):
        names = _NAMED.findall(" ".join(run.words[1:]))
        return Moved(read, path, run.place, rendered=tuple(names))
    if read is not None and run.program == "cat":
        return Moved(read, path, run.place)
    return Unseen(path, run.place)


def _printed(run: Run) -> str | None:
    """What a command, or all of those in ``{ …; }``, print; None where that is not known."""
    if run.command.compound:
        texts = [
            None if one.conditional or one.command.redirections else printed(one.words)
            for one in run.inner
        ]
        known = [text for text in texts if text is not None]
        return "".join(known) if len(known) == len(texts) else None
    return _body(run) if run.words == ("cat",) else printed(run.words)


def _read(run: Run, before: Run | None) -> str | None:
    """The one file that a command reads."""
    for redirection in run.command.redirections:
        if redirection.operator == "<":
            return run.path(expand(redirection.target, run.variables))
    if run.program == "cat" and len(run.words) == 2:
        return run.path(run.words[1])
    if before is not None and before.program == "cat" and len(before.words) == 2:
        return before.path(before.words[1])
    return None


def _body(run: Run) -> str | None:
    """The heredoc that a command reads."""
    bodies = [one.body for one in run.command.redirections if one.body is not None]
    return expand(bodies[-1], run.variables) if bodies else None


def _tee(run: Run, before: Run | None) -> Iterator[Layer]:
    appends = any(word in ("-a", "--append") for word in run.words)
    text = _body(run)
    if text is None and before is not None:
        text = _printed(before)
    for word in run.words[1:]:
        path = run.path(word)
        if path is None or (appends and text is not None and _HARMLESS.fullmatch(text)):
            continue
        if text is None or UNKNOWN in text or appends:
            yield Unseen(path, run.place)
        else:
            yield Inline(path, YamlText(text, run.place, plain=False, block="heredoc"), run.place)


def _removed(state: State, run: Run) -> Iterator[Layer]:
    for word in run.words[1:]:
        path = run.path(word)
        if path is not None:
            yield Removed(path, run.place)


def _copied(state: State, run: Run) -> Iterator[Layer]:
    """``cp``, ``mv``, ``install`` and ``ln``."""
    words, folder = _operands(run)
    if run.program == "install" and any(_has(word, "d") for word in run.words[1:]):
        yield from _folders(state, run)
        return
    if run.program == "ln" and len(words) == 1 and folder is None:
        folder = "."
    named = folder is not None
    if folder is None:
        if len(words) < 2:
            return
        folder = words.pop()
    target = run.path(folder)
    if target is None:
        return
    link = run.program == "ln"
    into = named or len(words) > 1 or folder.endswith(("/", ".")) or state.is_folder(target)
    for word in words:
        if link and not word.startswith("/"):
            word = posixpath.join(target if into else posixpath.dirname(target), word)
        yield from _one_copied(state, run, word, target, into)


def _one_copied(state: State, run: Run, word: str, target: str, into: bool) -> Iterator[Layer]:
    if run.program == "ln" and word.startswith(_NOT_FILES):
        return
    source = run.path(word)
    if source is None:
        yield Unseen(target, run.place)
        return
    kept = run.program != "mv"
    files = ContainerFiles(state.repository, state.layers)
    if ignored.has_wildcards(source):
        folder, pattern = posixpath.split(source)
        names = () if ignored.has_wildcards(folder) else files.listing(folder).names
        names = tuple(name for name in names if ignored.matches(name, pattern))
        if not names:
            yield Unseen(target, run.place)
        for name in names:
            path = posixpath.join(folder, name)
            yield Moved(path, posixpath.join(target, name), run.place, kept)
        return
    if word.endswith("/."):
        yield Moved(source, target, run.place, kept)
        return
    found = files.find(source)
    if isinstance(found, OnDisk) and state.repository.is_folder(found.path):
        state.make_folder(target)
    if into:
        target = posixpath.join(target, posixpath.basename(source))
    if source != target:
        yield Moved(source, target, run.place, kept)


def _operands(run: Run) -> tuple[list[str], str | None]:
    """The words that are no options, and the folder that ``-t`` names."""
    words: list[str] = []
    folder: str | None = None
    rest = iter(run.words[1:])
    with_value = ("-m", "-o", "-g", "-S") if run.program == "install" else ("-S",)
    for word in rest:
        if word == "--":
            words += rest
        elif word == "-t":
            folder = next(rest, None)
        elif word.startswith("--target-directory="):
            folder = word.partition("=")[2]
        elif word in with_value:
            next(rest, None)
        elif not word.startswith("-"):
            words.append(word)
    return words, folder


def _folders(state: State, run: Run) -> Iterator[Layer]:
    words, _ = _operands(run)
    for word in words:
        path = run.path(word)
        if path is not None and not run.conditional:
            state.make_folder(path)
    yield from ()


def _edited(state: State, run: Run) -> Iterator[Layer]:
    """``sed -i`` and its like, which change files where they stand."""
    in_place = any(_has(word, "i") or word.startswith("--in-place") for word in run.words[1:])
    if not in_place:
        return
    words: list[str] = []
    scripts: list[str] = []
    rest = iter(run.words[1:])
    for word in rest:
        if word in ("--expression", "--file") or (
            (_ends(word, "e") or _ends(word, "f")) and not word.startswith("-i")
        ):
            script = next(rest, "")
            scripts.append(script if word.endswith(("e", "expression")) else "")
        elif word.startswith(("--expression=", "--file=")):
            scripts.append(word.partition("=")[2])
        elif not word.startswith("-"):
            words.append(word)
    if not scripts and words:
        scripts.append(words.pop(0))
    if all(map(_LINE_ENDS.fullmatch, scripts)):
        return
    for word in words:
        path = run.path(word)
        if path is not None:
            yield Unseen(_folder_of(path), run.place)


def _has(word: str, letter: str) -> bool:
    """Whether a word is short options with a letter among them."""
    return word.startswith("-") and not word.startswith("--") and letter in word


def _options(*names: str) -> Callable[[State, Run], Iterator[Layer]]:
    """Programs that write to what an option names."""

    def written(state: State, run: Run) -> Iterator[Layer]:
        for option, word in zip(run.words[1:], [*run.words[2:], ""], strict=False):
            for name in names:
                if option == name or (len(name) == 2 and _ends(option, name[1])):
                    path = run.path(word)
                elif option.startswith(f"{name}=") and name.startswith("--"):
                    path = run.path(option.partition("=")[2])
                elif name.endswith("=") and option.startswith(name):
                    path = run.path(option.removeprefix(name))
                else:
                    continue
                if path is not None:
                    yield Unseen(path, run.place)

    return written


def _ends(word: str, letter: str) -> bool:
    """Whether a word is short options that end in a letter."""
    return word.startswith("-") and not word.startswith("--") and word.endswith(letter)


def _last(state: State, run: Run) -> Iterator[Layer]:
    words = [word for word in run.words[1:] if not word.startswith("-")]
    path = run.path(words[-1]) if words else None
    if path is not None:
        yield Unseen(path, run.place)


def _cloned(state: State, run: Run) -> Iterator[Layer]:
    if "clone" not in run.words:
        return
    words: Sequence[str] = [word for word in run.words if not word.startswith("-")]
    name = posixpath.basename(words[-1].rstrip("/")).removesuffix(".git")
    remote = ":" in words[-1]
    path = run.path(name if remote else words[-1])
    if path is not None:
        yield Unseen(path, run.place)


def _folder_of(path: str) -> str:
    """The path itself, or the folder in which a pattern matches."""
    while ignored.has_wildcards(path):
        path = posixpath.dirname(path)
    return path


_PROGRAMS: Mapping[str, Callable[[State, Run], Iterator[Layer]]] = {
    "rm": _removed,
    "unlink": _removed,
    "cp": _copied,
    "mv": _copied,
    "ln": _copied,
    "install": _copied,
    "mkdir": _folders,
    "sed": _edited,
    "perl": _edited,
    "curl": _options("-o", "--output"),
    "wget": _options("-O", "--output-document", "-P", "--directory-prefix"),
    "tar": _options("-C", "--directory"),
    "bsdtar": _options("-C", "--directory"),
    "unzip": _options("-d"),
    "openssl": _options("-out", "-keyout"),
    "dd": _options("of="),
    "git": _cloned,
    "rsync": _last,
    "truncate": _last,
    "yq": _last,
    "patch": _last,
}
