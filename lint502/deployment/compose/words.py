"""What is run, as Compose splits it into words: like a shell, but without one."""

from __future__ import annotations

from lint502.deployment.compose.values import Items, Scalar, Value
from lint502.deployment.texts import UNKNOWN, Words

_BLANK = " \t\r\n"
_ENDS = ";&|<>"


def words(value: Value | None) -> Words | None:
    """The words of ``command``, ``entrypoint`` or a health check; none where it is cleared
    (``[]``, ``""``), None where it is absent or cannot be known."""
    if isinstance(value, Items):
        texts = [one for one in value.items if isinstance(one, Scalar)]
        if len(texts) < len(value.items):
            return None
        example = any(one.example for one in texts)
        return Words(tuple(one.text for one in texts), value.place, example)
    if not isinstance(value, Scalar) or value.null:
        return None
    found = split(value.text)
    if found is None or (found and UNKNOWN in found[0]):
        return None
    return Words(found, value.place, value.example)


def split(text: str) -> tuple[str, ...] | None:
    """The words of a text, as compose-go has them from go-shellwords: quotes and escapes as in a
    shell, no variables, and an end at the first ``;``, ``&``, ``|``, ``<`` or ``>``. None where
    Compose refuses it."""
    found: list[str] = []
    word: list[str] = []
    begun = escaped = False
    quote = ""
    for character in text:
        if escaped:
            escaped = False
            word.append({"t": "\t", "n": "\n"}.get(character, character))
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            if character != quote:
                word.append(character)
                continue
            quote = ""
        elif character in "'\"":
            quote = character
        elif character in _BLANK:
            if begun:
                found.append("".join(word))
            word, begun = [], False
            continue
        elif character in _ENDS:
            break
        elif character in "()`":
            return None
        else:
            word.append(character)
        begun = True
    if quote or escaped:
        return None
    return (*found, "".join(word)) if begun else tuple(found)
