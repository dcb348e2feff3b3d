"""Validity of structured answers: ``python -m benchmarks.structured [--num 2000] [--out FILE]``.

Starts a server on the built-in model and requests answers to schemas at temperature 1.5: first the
hand-written schemas of every keyword, then schemas that hypothesis generates, until ``--num`` have
been accepted. A schema must be refused with a 400 that names a place in it, or else every complete
answer must be valid by ``jsonschema``, formats included. The exit status is 1 if one is not.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import jsonschema
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benchmarks.machine import describe_machine
from benchmarks.report import report
from tests.chat.schema.generated import random_schema
from tests.chat.schema.keywords import ENFORCED, FORMATS
from tests.server import chat, running_server

_PATH = "/v1/chat/completions"
_CONCURRENCY = 16
_NUM_CHOICES = 2
_MAX_TOKENS = 160
_BATCH = 500
_STATUS_REFUSED = 400


@dataclass(slots=True)
class Findings:
    """The results for all schemas.

    Attributes:
        num_enforced: Schemas that were accepted.
        num_refused: Schemas that were refused with a place in them.
        answers: Answers by how they ended and whether they are valid.
        keywords: Keywords of the accepted schemas, with the number of schemas.
        faults: Answers that break the rules above.
    """

    num_enforced: int = 0
    num_refused: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    keywords: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def note(self, schema: Any, response: httpx.Response) -> None:
        """Check and count one response."""
        if response.status_code == _STATUS_REFUSED:
            self.num_refused += 1
            param = response.json()["error"]["param"]
            if not (param or "").startswith("response_format.json_schema.schema"):
                self.faults.append(f"refused without a place: {response.text} {schema}")
            return
        if response.status_code != httpx.codes.OK:
            self.faults.append(f"{response.status_code} {response.text} {schema}")
            return
        self.num_enforced += 1
        self.keywords.update(set(_keywords(schema)))
        for choice in response.json()["choices"]:
            self._judge(schema, choice)

    def _judge(self, schema: Any, choice: Any) -> None:
        if choice["finish_reason"] != "stop":
            self.answers["cut by max_tokens"] += 1
            return
        text = choice["message"]["content"]
        try:
            kind = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
            kind(schema, format_checker=kind.FORMAT_CHECKER).validate(json.loads(text))
        except (ValueError, jsonschema.ValidationError) as error:
            self.answers["invalid"] += 1
            self.faults.append(f"{str(error)[:200]}: {text} for {json.dumps(schema)}")
        else:
            self.answers["valid"] += 1


def hand_written() -> Iterator[Any]:
    """The schemas of every keyword and format, those that are refused included."""
    for keyword in ENFORCED.values():
        yield from (case.schema for case in keyword.cases)
        yield from (schema for schema, _ in keyword.refused)
    for name, case in FORMATS.items():
        yield {"type": "string"} | case.schema | {"format": name}


def generated(num: int, number: int) -> list[Any]:
    """Schemas that hypothesis generates; different ones for each ``number``."""
    made: list[Any] = []

    @seed(number)
    @settings(
        max_examples=num,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(rng=st.randoms(use_true_random=False) | st.integers(0, 2**64).map(random.Random))
    def make(rng: random.Random) -> None:
        made.append(random_schema(rng))

    make()
    return made


def _keywords(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from (name for name in schema if name in ENFORCED)
    if isinstance(schema, dict | list):
        for part in schema.values() if isinstance(schema, dict) else schema:
            yield from _keywords(part)


def _ask(client: httpx.Client, schema: Any, number: int) -> httpx.Response:
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    body = chat("Fill in the form.", response_format=wanted, temperature=1.5, seed=number)
    return client.post(_PATH, json=body | {"n": _NUM_CHOICES, "max_tokens": _MAX_TOKENS})


def run(client: httpx.Client, num: int) -> Findings:
    """Send requests until ``num`` schemas have been accepted."""
    findings = Findings()
    batches = chain([list(hand_written())], (generated(_BATCH, n) for n in range(10**6)))
    with ThreadPoolExecutor(_CONCURRENCY) as pool:
        for schemas in batches:
            numbers = range(len(schemas))
            responses = pool.map(lambda s, n: _ask(client, s, n), schemas, numbers)
            for schema, response in zip(schemas, responses, strict=True):
                findings.note(schema, response)
            print(f"{findings.num_enforced} enforced, {dict(findings.answers)}", flush=True)
            if findings.num_enforced >= num:
                break
    return findings


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num", type=int, default=2000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server:
        limits = httpx.Limits(max_connections=_CONCURRENCY)
        with server.client(limits=limits) as client:
            client.timeout = httpx.Timeout(120)
            findings = run(client, options.num)
    summary = {
        "command": f"python -m benchmarks.structured --num {options.num}",
        "machine": describe_machine(),
        "schemas enforced": findings.num_enforced,
        "schemas refused": findings.num_refused,
        "answers": dict(findings.answers),
        "schemas with each keyword": dict(findings.keywords.most_common()),
        "keywords in no accepted schema": sorted(ENFORCED.keys() - findings.keywords.keys()),
        "minutes": round((time.perf_counter() - begun) / 60, 1),
        "faults": findings.faults[:50],
    }
    report(summary, options.out)
    return bool(findings.faults)


if __name__ == "__main__":
    sys.exit(main())
