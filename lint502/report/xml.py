"""XML as the formats write it: valid whatever stands in a file's name or a message."""

from __future__ import annotations

from xml.etree import ElementTree


def document(root: ElementTree.Element) -> str:
    """The whole text of a document.

    It is ASCII, with references for everything else, so that no encoding of standard output can
    contradict the declaration.
    """
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=False).decode("ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'
