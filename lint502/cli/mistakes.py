"""What is said of a command line that somebody has written wrongly."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from lint502.quoting import escape, listing, meant, quote

_OTHER_WORDS = {
    **dict.fromkeys(("lint", "run", "test", "scan", "analyze", "validate", "verify"), "check"),
    **dict.fromkeys(("fix", "format"), "check --fix"),
    **dict.fromkeys(("new", "create", "setup"), "init"),
    **dict.fromkeys(("list", "list-rules"), "rules"),
    **dict.fromkeys(("why", "doc", "docs", "rule", "show"), "explain RULE"),
    "version": "--version",
    "completion": "--install-completion",
}


def no_command(args: Sequence[str], commands: Sequence[str]) -> str:
    """What is said of a first word that is no command."""
    word = args[0]
    said = f"there is no command {quote(word)}"
    if _is_path(word):
        return f"{said}; to check it: lint502 check {escape(shlex.join(args))}"
    if word.lower() in _OTHER_WORDS:
        return f"{said}; write: lint502 {_OTHER_WORDS[word.lower()]}"
    if re.fullmatch(r"\d{3}", word):
        return f"{said}; for what a status means: lint502 explain {word}"
    return f"{said}; {meant(word, commands, f'there are {listing(commands)}', 'lint502 {}')}"


def _is_path(word: str) -> bool:
    """Whether a word is a file, or written like one."""
    return "/" in word or word.endswith(".conf") or word in (".", "..") or _exists(word)


def _exists(word: str) -> bool:
    try:
        return Path(word).exists()
    except (OSError, ValueError):
        return False
