"""Random requests that are nearly valid."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from tests.robustness.samples import BODIES, EXTREMES, HEADERS, NAMES, PATHS, TAGS, VALID
from tests.server import KEY

PATH = "/v1/chat/completions"
MAX_TOKENS = 8
"""An accepted request may generate this many tokens, so that it ends soon."""

_METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "POST")
_WINDOW_TOKENS = 4096

Place: TypeAlias = tuple[Any, Any]
"""A container and the key or index of one of its values."""
Mutation: TypeAlias = Callable[[random.Random, Any, Place], None]


@dataclass(frozen=True)
class Attempt:
    """A request as it is sent."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes
    is_chunked: bool = False


def attempt(rng: random.Random) -> Attempt:
    """A request with one to three things wrong, or none."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    body = mutated_body(rng)
    content = _encoded(rng, body)
    whole = Attempt("POST", PATH, headers, content)
    match rng.randrange(10):
        case 0 | 1:
            return replace(whole, content=mutated_bytes(rng, content))
        case 2:
            name, value = rng.choice(HEADERS)
            return replace(whole, headers=headers | {name: value})
        case 3:
            return replace(whole, method=rng.choice(_METHODS), path=rng.choice(PATHS))
        case 4:
            return replace(whole, is_chunked=True)
    return whole


def mutated_body(rng: random.Random) -> Any:
    """A valid body with up to three of its values changed, never a long answer."""
    body = copy.deepcopy(rng.choice(BODIES))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        rng.choice(_MUTATIONS)(rng, body, rng.choice(list(_places(body))))
    return bounded(body)


def bounded(body: Any) -> Any:
    """The same body, asking for a short answer if it is accepted."""
    if not isinstance(body, dict):
        return body
    lengths = [body.get("max_tokens"), body.get("max_completion_tokens")]
    if lengths == [None, None]:
        body["max_tokens"] = 2
    for name in ("max_tokens", "max_completion_tokens"):
        if _integer(body.get(name)) > MAX_TOKENS:
            body["context_length_exceeded_behavior"] = "error"
            if body[name] < _WINDOW_TOKENS:
                body[name] = MAX_TOKENS
    if 8 < _integer(body.get("n")) <= 128:
        body["n"] = 8
    return body


def mutated_bytes(rng: random.Random, content: bytes) -> bytes:
    """The same bytes with a few of them changed; unchanged if the result asks for a long answer."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(changed) + 1)
        match rng.randrange(6):
            case 0:
                changed[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del changed[at : at + rng.choice((1, 1, 8, len(changed)))]
            case 2:
                changed[at:at] = rng.choice((b"\0", b"\xff", b'"', b"{", b"[", b",", b"\\u"))
            case 3:
                changed[at:at] = changed[rng.randrange(len(changed) + 1) :][:40]
            case 4:
                changed[at:at] = rng.choice((b"[" * 300, b'{"a":' * 300, b"9" * 5000, b" " * 5000))
            case 5:
                changed = _with_repeated_member(rng, changed)
        if not changed:
            break
    return bytes(changed) if _is_short(bytes(changed)) else content


def _is_short(content: bytes) -> bool:
    try:
        body = json.loads(content)
        return bool(bounded(copy.deepcopy(body)) == body)
    except (ValueError, RecursionError):
        return True


def _with_repeated_member(rng: random.Random, content: bytearray) -> bytearray:
    members = list(re.finditer(rb'"[a-z_]+": (?:"[^"]*"|[0-9.]+|true|false|null)', content))
    if not members:
        return content
    member = rng.choice(members)
    return content[: member.end()] + b", " + member[0] + content[member.end() :]


def _encoded(rng: random.Random, body: Any) -> bytes:
    """As JSON; lone surrogates and NaN come out as Python writes them."""
    text = json.dumps(body, ensure_ascii=rng.random() < 0.5, indent=rng.choice((None, None, 1)))
    return text.encode("utf-8", "surrogatepass")


def _places(value: Any) -> Iterator[Place]:
    """All places inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def _integer(value: Any) -> int:
    is_integer = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return int(value) if is_integer else 0


def _replace(rng: random.Random, body: Any, place: Place) -> None:
    container, key = place
    container[key] = copy.deepcopy(rng.choice(EXTREMES))


def _delete(rng: random.Random, body: Any, place: Place) -> None:
    container, key = place
    if len(body) > 1:
        del container[key]


def _repeat(rng: random.Random, body: Any, place: Place) -> None:
    container, key = place
    if isinstance(container, list):
        container[key:key] = [container[key]] * rng.choice((1, 5, 300))
    else:
        container[rng.choice(NAMES)] = copy.deepcopy(container[key])


def _retag(rng: random.Random, body: Any, place: Place) -> None:
    tagged = [(c, k) for c, k in _places(body) if k in ("type", "role", "model", "format")]
    if tagged:
        container, key = rng.choice(tagged)
        container[key] = rng.choice(TAGS)


def _transplant(rng: random.Random, body: Any, place: Place) -> None:
    container, key = place
    other, other_key = rng.choice(list(_places(body)))
    container[key] = copy.deepcopy(other[other_key])


def _wrap(rng: random.Random, body: Any, place: Place) -> None:
    container, key = place
    depth = rng.choice((1, 1, 2, 60, 250))
    for _ in range(depth):
        inner = container[key]
        container[key] = [inner] if rng.random() < 0.5 else {rng.choice(NAMES): inner}


def _convert(rng: random.Random, body: Any, place: Place) -> None:
    container, key = place
    match container[key]:
        case bool() as value:
            container[key] = int(value)
        case int() | float() as value:
            container[key] = rng.choice((str(value), float(value), -value, value * 1000, value + 1))
        case str() as value:
            container[key] = rng.choice((list(value[:9]), len(value), value * 300, value[:-1]))
        case list() as value:
            container[key] = dict(enumerate(value))
        case dict() as value:
            container[key] = list(value.values())


def _add(rng: random.Random, body: Any, place: Place) -> None:
    container = place[0]
    if isinstance(container, dict):
        container[rng.choice(NAMES)] = copy.deepcopy(rng.choice(EXTREMES))
    else:
        container.append(copy.deepcopy(rng.choice(EXTREMES)))


def _set_valid(rng: random.Random, body: Any, place: Place) -> None:
    for _ in range(rng.randint(1, 5)):
        name = rng.choice(list(VALID))
        body[name] = copy.deepcopy(rng.choice(VALID[name]))
    if "top_logprobs" in body:
        body["logprobs"] = True


_MUTATIONS: tuple[Mutation, ...] = (
    *[_set_valid] * 6,
    _replace,
    _replace,
    _replace,
    _delete,
    _repeat,
    _retag,
    _transplant,
    _wrap,
    _convert,
    _convert,
    _add,
)
