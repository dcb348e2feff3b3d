"""The run that teaches the model to see and hear, beside what it could do before.

::

    python -m training.senses.train --folder RUN --minutes 600

Batches are drawn on the fly: of the senses, each as often as its weight and what is still wrong ask
for, and of the text skills, so that nothing is unlearned.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from training.senses.drawing import Mix, Stream
from training.senses.model import Inputs, hidden_states, new_thinker, num_parameters
from training.senses.reading import Read, Reader, collate
from training.senses.sample import Perception
from training.senses.skills import SENSES

FLOOR = 0.1
"""Wrong share that every sense is treated as having at least, so that it keeps being drawn."""
MAX_ANSWER_TOKENS = 40


class Run:
    """A run, kept in a folder."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.device = torch.device(options.device)
        self.reader = Reader()
        self.thinker = new_thinker(self.reader.tokenizer).to(self.device)
        self.errors = dict.fromkeys(options.senses, 1.0)
        self.steps = self.tokens = 0
        text, senses = [], []
        for name, parameter in self.thinker.named_parameters():
            (senses if name.startswith(("visual.", "audio_tower.")) else text).append(parameter)
        self.optimizer = torch.optim.AdamW(
            [{"params": senses, "lr": options.lr}, {"params": text, "lr": options.text_lr}],
            betas=(0.9, 0.98),
            weight_decay=0.02,
        )
        for group in self.optimizer.param_groups:
            group["full_lr"] = group["lr"]

    def train(self) -> None:
        """Train until the time is up, examining and saving every few minutes."""
        stream = Stream(self._mix(), self.options.processes, self.options.seed)
        begin = reported = time.time()
        end = begin + 60 * self.options.minutes
        smooth = 0.0
        for batch in stream:
            left = max(end - time.time(), 0) / (end - begin)
            loss = self.step(batch, min(1.0, 4 * left, (self.steps + 1) / 50))
            smooth = loss if not smooth else smooth + 0.05 * (loss - smooth)
            if self.steps % 20 == 0:
                speed = self.tokens / (time.time() - begin)
                print(f"step {self.steps} loss {smooth:.3f}, {speed:.0f} tokens/s", flush=True)
            if time.time() - reported > self.options.report_seconds or time.time() >= end:
                self.report(loss=round(smooth, 4))
                stream.mix = self._mix()
                reported = time.time()
            if time.time() >= end:
                break
        stream.close()

    def step(self, reads: list[Read], factor: float) -> float:
        """One update at ``factor`` of the full rates; returns the loss."""
        inputs, is_answer = collate(reads, self.reader.senses.config)
        inputs, is_answer = moved(inputs, self.device), is_answer.to(self.device)
        loss = self._loss(inputs, is_answer)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.thinker.parameters(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = factor * group["full_lr"]
        self.optimizer.step()
        self.steps += 1
        self.tokens += sum(len(read.prompt) for read in reads)
        return float(loss.detach())

    def report(self, **figures: float) -> None:
        """Examine the model on held-out perceptions, note the figures, save the weights."""
        scores = examine(self, self.options.examples)
        for name, share in scores.items():
            self.errors[name] = 0.5 * self.errors[name] + 0.5 * (1 - share)
        line = {"steps": self.steps, "tokens": self.tokens, **figures, "right": scores}
        print(json.dumps(line), flush=True)
        self.options.folder.mkdir(parents=True, exist_ok=True)
        with (self.options.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        torch.save(self.thinker.state_dict(), self.options.folder / "thinker.pt")

    def _mix(self) -> Mix:
        """What is drawn next: each sense by its weight and what is still wrong."""
        shares = {n: SENSES[n].weight * max(e, FLOOR) for n, e in self.errors.items()}
        options = self.options
        return Mix(shares, options.batch, options.text_share, options.max_text_tokens)

    def _loss(self, inputs: Inputs, is_answer: Tensor) -> Tensor:
        is_bf16 = self.device.type == "cuda"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=is_bf16):
            hidden = hidden_states(self.thinker, inputs)[:, :-1][is_answer[:, 1:]]
            logits = self.thinker.lm_head(hidden)
        return functional.cross_entropy(logits.float(), inputs.token_ids[:, 1:][is_answer[:, 1:]])


def moved(inputs: Inputs, device: torch.device) -> Inputs:
    """The same inputs on another device."""
    tensors: dict[str, Any] = {name: getattr(inputs, name) for name in Inputs.__slots__}
    return Inputs(**{n: None if t is None else t.to(device) for n, t in tensors.items()})


@torch.no_grad()
def answer(run: Run, perception: Perception) -> list[int]:
    """What the model answers, greedily."""
    read = run.reader.read(perception)
    end = run.reader.tokenizer.token_to_id("<|im_end|>")
    ids = read.prompt.token_ids[: read.num_prompt_tokens]
    found: list[int] = []
    from msgspec.structs import replace

    while len(found) < MAX_ANSWER_TOKENS and (not found or found[-1] != end):
        prompt = replace(read.prompt, token_ids=[*ids, *found])
        inputs, _ = collate(
            [Read(read.skill, prompt, len(ids), read.mels)], run.reader.senses.config
        )
        hidden = hidden_states(run.thinker, moved(inputs, run.device))[0, -1]
        found.append(int(run.thinker.lm_head(hidden).argmax()))
    return found


def examine(run: Run, num_examples: int) -> dict[str, float]:
    """Share of held-out perceptions that are answered right, by sense."""
    scores = {}
    for name in run.errors:
        rng = Random(name)
        num_right = 0
        for _ in range(num_examples):
            perception = SENSES[name].draw(rng, "held_out")
            read = run.reader.read(perception)
            expected = read.prompt.token_ids[read.num_prompt_tokens :]
            found = answer(run, perception)
            num_right += run.reader.text_of(found) == run.reader.text_of(expected)
        scores[name] = round(num_right / num_examples, 3)
    return scores


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=600)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--senses", nargs="+", default=list(SENSES), choices=list(SENSES))
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--text-share", type=float, default=0.3)
    parser.add_argument("--max-text-tokens", type=int, default=400)
    parser.add_argument("--lr", type=float, default=1e-3, help="of the encoders")
    parser.add_argument("--text-lr", type=float, default=2e-4, help="of the language model")
    parser.add_argument("--report-seconds", type=float, default=300)
    parser.add_argument("--examples", type=int, default=20)
    parser.add_argument("--processes", type=int, default=0, help="that draw; 0 draws in the run's")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


def main() -> None:
    """Train, and say what the network is made of."""
    options = options_of()
    if options.threads:
        torch.set_num_threads(options.threads)
    run = Run(options)
    parts = {"to see": run.thinker.visual, "to hear": run.thinker.audio_tower}
    parts["to think"] = run.thinker.model
    print({name: num_parameters(part) for name, part in parts.items()}, flush=True)
    run.train()


if __name__ == "__main__":
    main()
