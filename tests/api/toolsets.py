"""Requests with random tools, and what must hold for their answers."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jsonschema import Draft202012Validator

from tests.server import chat

_WORDS = ("city", "days", "unit", "order", "item", "size", "colour", "note", "level", "mode", "to")
_VERBS = ("get", "set", "send", "list", "find", "stop", "go", "go_on", "make-up", "X", "play2")
_QUESTIONS = ("Hello!", "What is the weather in Rome?", "Order two pizzas.", "Tell me a story.")


@dataclass
class Tally:
    """The results of many requests.

    Attributes:
        num_requests: Requests sent.
        num_calls: Complete calls.
        num_cut: Answers that ended with ``length``.
        num_texts: Answers without a call, where a call was optional.
        faults: Descriptions of invalid answers.
    """

    num_requests: int = 0
    num_calls: int = 0
    num_cut: int = 0
    num_texts: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, request: dict[str, Any], answer: dict[str, Any]) -> None:
        """Check an answer and count it."""
        self.num_requests += 1
        schemas = {
            tool["function"]["name"]: tool["function"].get("parameters", {"maxProperties": 0})
            for tool in request["tools"]
        }
        for choice in answer["choices"]:
            is_cut = choice["finish_reason"] == "length"
            self.num_cut += is_cut
            calls = choice["message"].get("tool_calls") or []
            whole = calls[:-1] if is_cut else calls
            if not calls and not is_cut:
                self._add_text(request, choice)
            self._check(request, choice, len(calls), is_cut=is_cut)
            for call in calls:
                if call["function"]["name"] not in schemas:
                    self.faults.append(f"no such tool: {call}")
            for call in whole:
                self.num_calls += 1
                self._check_arguments(call, schemas)

    def _add_text(self, request: dict[str, Any], choice: dict[str, Any]) -> None:
        self.num_texts += 1
        if request["tool_choice"] not in ("auto", "none"):
            self.faults.append(f"no call: {choice}")

    def _check(
        self, request: dict[str, Any], choice: dict[str, Any], num_calls: int, *, is_cut: bool
    ) -> None:
        if isinstance(request["tool_choice"], dict):
            wanted = request["tool_choice"]["function"]["name"]
            made = [c["function"]["name"] for c in choice["message"].get("tool_calls") or ()]
            if made not in ([wanted], [] if is_cut else [wanted]):
                self.faults.append(f"{made} instead of {wanted}")
        if num_calls > 1 and not request["parallel_tool_calls"]:
            self.faults.append(f"{num_calls} calls instead of one")
        if request["tool_choice"] == "none" and num_calls:
            self.faults.append(f"{num_calls} calls instead of none")
        if not is_cut and (choice["finish_reason"] == "tool_calls") != (num_calls > 0):
            self.faults.append(f"{num_calls} calls end with {choice['finish_reason']}")

    def _check_arguments(self, call: dict[str, Any], schemas: dict[str, Any]) -> None:
        name, text = call["function"]["name"], call["function"]["arguments"]
        try:
            arguments = json.loads(text)
            validator = Draft202012Validator(
                schemas.get(name, False), format_checker=Draft202012Validator.FORMAT_CHECKER
            )
            errors = [error.message for error in validator.iter_errors(arguments)]
        except ValueError as error:
            errors = [str(error)]
        if errors or not isinstance(arguments, dict):
            self.faults.append(f"{name}({text}): {errors}")


def request(rng: random.Random, *, temperature: float = 2.0, max_tokens: int = 300) -> Any:
    """A request with one to five tools, most of them strict."""
    names = rng.sample(_VERBS, rng.randint(1, 5))
    tools = [_tool(rng, name) for name in names]
    named = {"type": "function", "function": {"name": rng.choice(names)}}
    return chat(
        rng.choice(_QUESTIONS),
        tools=tools,
        tool_choice=rng.choice(["required", "required", "required", named, "auto", "none"]),
        parallel_tool_calls=rng.random() < 0.5,
        temperature=temperature,
        seed=rng.getrandbits(32),
        max_tokens=max_tokens,
        enable_thinking=rng.random() < 0.1,
    )


def _tool(rng: random.Random, name: str) -> dict[str, Any]:
    function: dict[str, Any] = {"name": name, "strict": rng.random() < 0.8}
    if rng.random() < 0.5:
        function["description"] = f"Can {name}."
    if rng.random() < 0.9:
        function["parameters"] = _object(rng, depth=2)
    return {"type": "function", "function": function}


def _object(rng: random.Random, depth: int) -> dict[str, Any]:
    keys = rng.sample(_WORDS, rng.randint(0, 4))
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {key: _value(rng, depth) for key in keys},
        "required": [key for key in keys if rng.random() < 0.7],
    }
    if rng.random() < 0.7:
        schema["additionalProperties"] = False
    return schema


def _value(rng: random.Random, depth: int) -> dict[str, Any]:
    if depth and rng.random() < 0.3:
        return rng.choice(_NESTED)(rng, depth - 1)
    return rng.choice(_LEAVES)(rng)


def _array(rng: random.Random, depth: int) -> dict[str, Any]:
    least = rng.randint(0, 2)
    return {
        "type": "array",
        "items": _value(rng, depth),
        "minItems": least,
        "maxItems": least + rng.randint(0, 2),
    }


def _union(rng: random.Random, depth: int) -> dict[str, Any]:
    return {"anyOf": [_value(rng, depth), {"type": "null"}]}


def _text(rng: random.Random) -> dict[str, Any]:
    return {"type": "string", "maxLength": rng.randint(1, 30)}


def _pattern(rng: random.Random) -> dict[str, Any]:
    return {"type": "string", "pattern": rng.choice(["^[a-z]{2,5}$", "^A-[0-9]+$", "^(on|off)$"])}


def _format(rng: random.Random) -> dict[str, Any]:
    return {"type": "string", "format": rng.choice(["date", "time", "uuid", "ipv4"])}


def _integer(rng: random.Random) -> dict[str, Any]:
    least = rng.randint(-5, 5)
    return {"type": "integer", "minimum": least, "maximum": least + rng.randint(0, 50)}


def _number(rng: random.Random) -> dict[str, Any]:
    return {"type": "number", "exclusiveMinimum": rng.randint(-3, 3), "maximum": 9.5}


def _choice(rng: random.Random) -> dict[str, Any]:
    return {"enum": rng.sample(["red", "green", "dark blue", 3, None, True, 2.5], 3)}


def _constant(rng: random.Random) -> dict[str, Any]:
    return {"const": rng.choice(["yes", 7, {"a": [1, None]}, 'with "quotes"'])}


def _flag(rng: random.Random) -> dict[str, Any]:
    return {"type": "boolean", "description": f"Number {rng.randint(1, 9)}."}


_NESTED: list[Callable[[random.Random, int], dict[str, Any]]] = [_array, _object, _union]
_LEAVES: list[Callable[[random.Random], dict[str, Any]]] = [
    _text,
    _pattern,
    _format,
    _integer,
    _number,
    _choice,
    _constant,
    _flag,
]
