"""What a ``$ref`` refers to."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from palaver.chat.schema.place import Place, shown


def target_of(document: Any, reference: Any, place: Place) -> tuple[Any, list[str | int]]:
    """The schema that a reference within a document refers to, and the way there.

    Raises:
        InvalidRequest: It refers to something outside of the document, or to nothing.
    """
    if not isinstance(reference, str):
        place.refuse(f"must be a string, is {shown(reference)}")
    if reference != "#" and not reference.startswith("#/"):
        place.refuse(f"{shown(reference)} is not within the schema; only #/… is followed")
    target = document
    steps: list[str | int] = []
    for token in unquote(reference[1:]).split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(target, dict) and name in target:
            step: str | int = name
        elif isinstance(target, list) and name.isdecimal() and int(name) < len(target):
            step = int(name)
        else:
            place.refuse(f"{shown(reference)} refers to nothing")
        steps.append(step)
        target = target[step]
    return target, steps
