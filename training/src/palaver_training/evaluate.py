"""Examine the built-in model: accuracy on held-out conversations, over HTTP.

::

    python -m palaver_training.evaluate [--num 200] [--skill NAME …] [--show N] [--card]

The questions are sent to a server that the command starts, or to the one that ``--url``
names (with ``--key``, ``--model``). The exit status is 1 if a skill misses its target.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx
from rich.console import Console
from rich.table import Table

from palaver_training.conversation import answer_of, request_body
from palaver_training.exam import EXAMS, Exam
from palaver_training.folders import MODEL_FOLDER
from palaver_training.multimodal.sample import MediaSample
from palaver_training.sample import Message, Sample
from palaver_training.server import BUILT_IN_NAME, Server, complete, started

_MAX_ANSWER_TOKENS = 700
_CONCURRENCY = 24
_CARD_BEGIN = "<!-- skills: begin -->"
_CARD_END = "<!-- skills: end -->"


@dataclass(slots=True)
class Result:
    """The result of one skill.

    Attributes:
        exam: What was examined.
        num_right: Answers that were accepted.
        num_asked: Samples.
        mistakes: Samples that were not, with the answer given.
    """

    exam: Exam
    num_right: int = 0
    num_asked: int = 0
    mistakes: list[tuple[Sample, Message]] = field(default_factory=list)

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.num_right / max(self.num_asked, 1)


async def examine(client: httpx.AsyncClient, model: str, exam: Exam, num: int, seed: int) -> Result:
    """A model's result in ``num`` held-out questions of an exam, sent concurrently and answered greedily."""
    rng = Random(f"{exam.name}/{seed}")
    gate = asyncio.Semaphore(_CONCURRENCY)

    async def ask(media_sample: MediaSample) -> Message:
        async with gate:
            body = request_body(media_sample, model, _MAX_ANSWER_TOKENS)
            return answer_of(await complete(client, body))

    result = Result(exam)
    media_samples = [exam.draw(rng) for _ in range(num)]
    answers = await asyncio.gather(*map(ask, media_samples))
    for media_sample, given in zip(media_samples, answers, strict=True):
        sample = media_sample.sample
        result.num_asked += 1
        if sample.accepts(given):
            result.num_right += 1
        else:
            result.mistakes.append((sample, given))
    return result


async def examine_all(server: Server, exams: list[Exam], num: int, seed: int) -> list[Result]:
    """The results of all ``exams``, one after another."""
    async with server.client() as client:
        return [await examine(client, server.model, exam, num, seed) for exam in exams]


def show(results: list[Result], num_mistakes: int) -> None:
    """Print the table, and some mistakes of each skill."""
    console = Console()
    for result in results:
        for sample, given in result.mistakes[:num_mistakes]:
            console.print(f"── {result.exam.name}", style="bold")
            for message in sample.prompt:
                console.print(f"   {message['role']}: {message.get('content')}", markup=False)
            console.print(f"   wanted {_brief(sample.reference)}", markup=False, style="green")
            console.print(f"   given  {_brief(given)}", markup=False, style="red")
    table = Table("skill", "held-out accuracy", "target", "asked")
    for result in results:
        colour = "green" if result.accuracy >= result.exam.target else "red"
        shown = f"[{colour}]{result.accuracy:.1%}[/{colour}]"
        table.add_row(result.exam.name, shown, f"{result.exam.target:.0%}", str(result.num_asked))
    console.print(table)


def write_card(results: list[Result], path: Path) -> None:
    """Put the figures into the model card, between its marks."""
    rows = ["| skill | held-out accuracy | target | asked |", "|---|---|---|---|"]
    rows += [
        f"| {r.exam.name} | {r.accuracy:.1%} | {r.exam.target:.0%} | {r.num_asked} |"
        for r in results
    ]
    before, _, rest = path.read_text(encoding="utf-8").partition(_CARD_BEGIN)
    _, _, after = rest.partition(_CARD_END)
    text = "\n".join([before + _CARD_BEGIN, *rows, _CARD_END + after])
    path.write_text(text, encoding="utf-8")


def _brief(message: Message) -> str:
    return json.dumps(
        {key: value for key, value in message.items() if key != "role" and value},
        ensure_ascii=False,
    )


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num", type=int, default=200, help="questions of each skill")
    parser.add_argument("--seed", type=int, default=0, help="which samples")
    parser.add_argument(
        "--skill",
        action="append",
        choices=list(EXAMS),
        metavar="NAME",
        help="only this skill; repeatable",
    )
    parser.add_argument("--show", type=int, default=0, help="mistakes to print, of each skill")
    parser.add_argument("--card", action="store_true", help="write the figures into the card")
    parser.add_argument("--folder", type=Path, default=MODEL_FOLDER, help="another model's folder")
    parser.add_argument("--url", help="a server that runs already")
    parser.add_argument("--key", default="", help="its key")
    parser.add_argument("--model", default=BUILT_IN_NAME, help="its model")
    return parser.parse_args(arguments)


def results_of(options: argparse.Namespace) -> list[Result]:
    """The results of the exams that the command line asks for."""
    chosen = [exam for name, exam in EXAMS.items() if name in (options.skill or EXAMS)]
    if options.url:
        server = Server(options.url, options.key, options.model)
        return asyncio.run(examine_all(server, chosen, options.num, options.seed))
    with started(options.folder) as server:
        return asyncio.run(examine_all(server, chosen, options.num, options.seed))


def main() -> None:
    """The command."""
    options = options_of()
    results = results_of(options)
    show(results, options.show)
    if options.card:
        write_card(results, options.folder / "README.md")
    sys.exit(any(result.accuracy < result.exam.target for result in results))


if __name__ == "__main__":
    main()
