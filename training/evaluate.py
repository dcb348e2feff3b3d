"""Examine the built-in model: accuracy on held-out conversations, through the real engine.

Pictures, video and sound come as a request would bring them, and go through the model's encoders.

``python -m training.evaluate [--num 200] [--skill NAME …] [--show N] [--card]``; the exit status is
1 if a skill misses its target. Needs nothing but palaver itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table

from palaver.chat.parser.events import Content, Event, ParsedAnswer, Reasoning, collected
from palaver.chat.request import ChatRequest
from palaver.chat.schema import check_schema
from palaver.chat.tools.tool import Call, Tool
from palaver.chat.turn import Turn
from palaver.engine.process.config import EngineConfig
from palaver.models.catalogue import BUILT_IN_FOLDER, BUILT_IN_NAME
from palaver.models.formats import open_files
from palaver.models.model import Model
from palaver.multimodal.placement import PlacedMedia
from palaver.runtime.config import RuntimeConfig
from training.exam import EXAMS, Exam
from training.multimodal.sample import Perception
from training.sample import Message, Sample

_CACHE_BYTES = 2**30
_MAX_ANSWER_TOKENS = 700
_CONCURRENCY = 24
_CARD_BEGIN = "<!-- skills: begin -->"
_CARD_END = "<!-- skills: end -->"


@dataclass(slots=True)
class Result:
    """How one skill did.

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


async def examine(model: Model, exam: Exam, num: int, seed: int) -> Result:
    """Ask ``num`` held-out questions of an exam, many at a time, greedily."""
    rng = Random(f"{exam.name}/{seed}")
    gate = asyncio.Semaphore(_CONCURRENCY)

    async def ask(perception: Perception) -> Message:
        async with gate:
            return await answer(model, perception)

    result = Result(exam)
    perceptions = [exam.draw(rng) for _ in range(num)]
    answers = await asyncio.gather(*map(ask, perceptions))
    for perception, given in zip(perceptions, answers, strict=True):
        sample = perception.sample
        result.num_asked += 1
        if sample.accepts(given):
            result.num_right += 1
        else:
            result.mistakes.append((sample, given))
    return result


async def answer(model: Model, perception: Perception) -> Message:
    """The model's greedy answer to a question, as an assistant message."""
    sample = perception.sample
    request = ChatRequest(
        messages=sample.prompt,
        media=_placed(model, perception),
        tools=[_tool(tool) for tool in sample.tools],
        max_tokens=_MAX_ANSWER_TOKENS,
        temperature=0.0,
        enable_thinking=sample.thinking,
        separate_reasoning=True,
    )
    turn = Turn(request, model.chat)
    generation = model.engine.generate(turn.prompt, turn.params)
    events: list[Event] = []
    try:
        while not turn.is_finished:
            for token in await generation.next_tokens():
                delta = turn.feed(token)
                events += [Content(delta.content), Reasoning(delta.reasoning), *delta.calls]
    finally:
        generation.close()
    return _message(collected(events))


def _placed(model: Model, perception: Perception) -> list[PlacedMedia]:
    """The media as the model's senses place them."""
    if not perception.media:
        return []
    if model.chat.multimodal is None:
        raise SystemExit(f"{model.folder.path}: takes text alone; choose what to ask with --skill")
    return [model.chat.senses.place(piece) for piece in perception.media]


def _tool(definition: Message) -> Tool:
    """A tool as a request would bring it."""
    function = definition["function"]
    parameters = function.get("parameters")
    schema = {"type": "object", **(parameters or {"additionalProperties": False})}
    enforced = check_schema(schema, "tools")
    return Tool(function["name"], parameters, function.get("description"), enforced=enforced)


def _message(answer: ParsedAnswer) -> Message:
    message: Message = {"role": "assistant", "content": answer.content}
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.calls:
        message["tool_calls"] = [_call(call) for call in answer.calls]
    return message


def _call(call: Call) -> dict[str, Any]:
    """A call with its arguments as a dict; ones that were cut short are wrong."""
    try:
        arguments = json.loads(call.arguments)
    except ValueError:
        arguments = None
    return {"type": "function", "function": {"name": call.name, "arguments": arguments}}


async def examine_all(exams: list[Exam], num: int, seed: int, folder: Path) -> list[Result]:
    """The results of all ``exams``, with the model started for the purpose."""
    runtime = RuntimeConfig(folder=str(folder), cache_bytes=_CACHE_BYTES, inference_precision="f32")
    model = Model(BUILT_IN_NAME, open_files(folder), EngineConfig(runtime=runtime))
    await model.start()
    try:
        return [await examine(model, exam, num, seed) for exam in exams]
    finally:
        await model.stop()


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


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num", type=int, default=200, help="questions of each skill and sense")
    parser.add_argument("--seed", type=int, default=0, help="which samples")
    parser.add_argument(
        "--skill",
        action="append",
        choices=list(EXAMS),
        metavar="NAME",
        help="only this skill or sense; repeatable",
    )
    parser.add_argument("--show", type=int, default=0, help="mistakes to print, of each skill")
    parser.add_argument("--card", action="store_true", help="write the figures into the card")
    parser.add_argument("--folder", type=Path, default=BUILT_IN_FOLDER, help="another model")
    options = parser.parse_args()
    chosen = [exam for name, exam in EXAMS.items() if name in (options.skill or EXAMS)]
    results = asyncio.run(examine_all(chosen, options.num, options.seed, options.folder))
    show(results, options.show)
    if options.card:
        write_card(results, options.folder / "README.md")
    sys.exit(any(result.accuracy < result.exam.target for result in results))


if __name__ == "__main__":
    main()
