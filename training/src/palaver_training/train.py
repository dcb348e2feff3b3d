"""Train ``palaver/tiny`` from nothing, or from a checkpoint, on conversations made on the fly."""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from pathlib import Path
from random import Random
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from palaver_training.data import Batch, Stream, pad
from palaver_training.model import LanguageModel
from palaver_training.optimizer import Optimizer
from palaver_training.render import Rendered, Renderer
from palaver_training.sample import Sample
from palaver_training.skills import SKILLS

FIRST_SKILL = "copying"
"""The skill that the first minutes are mostly spent on; the others rest on it."""
FLOOR = 0.15
"""Wrong share that every skill is treated as having at least, so that it keeps being drawn."""
FREE_TOKENS = 150
"""Longer answers are not expected word by word."""
WARMUP_STEPS = 60

Score = dict[str, float]
"""Figures of one skill: ``exact`` and ``token``, both shares that are right."""


class Run:
    """A training run, kept in a folder that another process may continue from."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folder: Path = options.folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.model = LanguageModel()
        self.average = torch.optim.swa_utils.AveragedModel(
            self.model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9)
        )
        self.optimizer = Optimizer(self.model, muon_lr=options.muon_lr, adam_lr=options.adam_lr)
        self.tokens = 0
        self.steps = 0
        self.errors = dict.fromkeys(SKILLS, 1.0)
        self.examples = held_out(Renderer(), options.examples)
        if options.compile:
            for layer in self.model.model.layers:
                layer.compile(dynamic=True)

    def load(self, path: Path) -> None:
        """Continues from a run's checkpoint."""
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        if "optimizer" in state:
            self.optimizer.load_state_dict(state["optimizer"])
        self.tokens, self.steps = state["tokens"], state["steps"]
        self.errors.update({n: e for n, e in state["errors"].items() if n in SKILLS})

    def begin_from(self, folder: Path) -> None:
        """Begins with the text model of a folder's weights, whatever else they hold."""
        found = load_file(folder / "model.safetensors")
        weights = {n: w.float() for n, w in found.items() if n.startswith("model.")}
        self.model.load_state_dict(weights)
        self.average.module.load_state_dict(weights)
        # The model can copy already, and the optimizer has to warm up again.
        self.tokens = self.options.copying_tokens

    def save(self) -> None:
        """Writes a checkpoint; a reader never sees half of one."""
        path = self.folder / "checkpoint.pt"
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "tokens": self.tokens,
            "steps": self.steps,
            "errors": self.errors,
        }
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def train(self) -> None:
        """Trains until the time is up, reporting and saving every few minutes."""
        stream = Stream(
            batch_tokens=self.options.batch_tokens,
            pool_size=self.options.pool_size,
            max_tokens=self.options.max_tokens,
            seed=self.steps + 1,
        )
        stream.shares[:] = self.shares()
        clock = Clock(self.options.minutes, self.options.decay_minutes, self.folder / "decay")
        report_at, reported_tokens, reported_time = time.time() + 120, self.tokens, time.time()
        smooth_loss = 0.0
        for batch in stream:
            loss = self.step(batch, clock.factor() * min(1.0, (self.steps + 1) / WARMUP_STEPS))
            smooth_loss = loss if not smooth_loss else smooth_loss + 0.05 * (loss - smooth_loss)
            if self.steps % 20 == 0:
                print(f"step {self.steps} tokens {self.tokens} loss {smooth_loss:.3f}", flush=True)
            if time.time() >= report_at or clock.is_over():
                seconds = time.time() - reported_time
                speed = (self.tokens - reported_tokens) / seconds
                self.report(loss=smooth_loss, speed=speed, factor=clock.factor())
                self.save()
                stream.shares[:] = self.shares()
                reported_time, reported_tokens = time.time(), self.tokens
                report_at = reported_time + self.options.report_seconds
            if clock.is_over():
                break
        stream.close()

    def step(self, batch: Batch, factor: float) -> float:
        """One update at ``factor`` of the full rates; returns the loss."""
        with autocast():
            loss = weighted_loss(self.model, batch)
        loss.backward()
        self.optimizer.step(factor)
        if self.steps % 10 == 0:
            self.average.update_parameters(self.model)
        self.steps += 1
        self.tokens += batch.token_ids.numel()
        return float(loss.detach())

    def shares(self) -> list[float]:
        """How often to sample each skill: its weight times its share of wrong answers."""
        shares = [SKILLS[name].weight * max(self.errors[name], FLOOR) for name in SKILLS]
        if self.tokens < self.options.copying_tokens:
            first = list(SKILLS).index(FIRST_SKILL)
            shares[first] = 1.5 * (sum(shares) - shares[first])
        return shares

    def report(self, **figures: float) -> None:
        """Examines the averaged weights and appends the figures to ``log.jsonl``."""
        scores = examine(self.average.module, self.examples)
        for name, score in scores.items():
            self.errors[name] = 0.5 * self.errors[name] + 0.5 * score["error"]
        line = {
            "time": time.strftime("%H:%M:%S"),
            "tokens": self.tokens,
            "steps": self.steps,
            **{key: round(value, 4) for key, value in figures.items()},
            "exact": {name: round(score["exact"], 3) for name, score in scores.items()},
            "token": {name: round(score["token"], 3) for name, score in scores.items()},
        }
        print(json.dumps(line), flush=True)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


class Clock:
    """When the run ends, and how far the rates have come down by now.

    The rates stay constant and fall to zero in the last minutes. A file named ``decay`` in the
    run's folder starts that fall at once.
    """

    def __init__(self, minutes: float, decay_minutes: float, signal: Path) -> None:
        self._end = time.time() + 60 * minutes
        self._fall = 60 * decay_minutes
        self._signal = signal

    def factor(self) -> float:
        """Share of the full rates to train with now, from 1 down to 0."""
        if self._signal.exists():
            self._signal.unlink()
            self._end = min(self._end, time.time() + self._fall)
        left = self._end - time.time()
        return min(1.0, max(left, 0.0) / self._fall) if self._fall else 1.0

    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.time() >= self._end


def weighted_loss(model: LanguageModel, batch: Batch) -> Tensor:
    """Mean cross-entropy of the positions that count, by their weights."""
    hidden = model(batch.token_ids).flatten(0, 1)[batch.positions]
    logits = model.logits(hidden).float()
    losses = functional.cross_entropy(logits, batch.targets, reduction="none")
    return (losses * batch.weights).sum() / batch.weights.sum()


def autocast() -> contextlib.AbstractContextManager[Any]:
    """Matrix products in bfloat16."""
    return torch.autocast("cpu", torch.bfloat16)


def held_out(renderer: Renderer, num_examples: int) -> list[tuple[Sample, Rendered]]:
    """``num_examples`` of each skill that training does not show, the same every time."""
    examples = []
    for name, skill in SKILLS.items():
        rng = Random(f"held out {name}")
        for _ in range(num_examples):
            sample = skill.generate(rng, "held_out")
            examples.append((sample, renderer.render(sample)))
    return sorted(examples, key=lambda example: len(example[1].token_ids))


@torch.no_grad()
def examine(model: Any, examples: list[tuple[Sample, Rendered]]) -> dict[str, Score]:
    """The accuracy of the model on reference answers.

    Each token is predicted from the reference before it. ``exact`` is the share of answers with
    every token right; ``error`` is 1 less that, or less the tokens' share in free stories.
    """
    totals: dict[str, list[Score]] = {name: [] for name in SKILLS}
    for start in range(0, len(examples), 16):
        group = examples[start : start + 16]
        token_ids = torch.from_numpy(pad([r for _, r in group], Random(0))[0]).long()
        with autocast():
            best = model.logits(model(token_ids)).argmax(-1)
        for row, (sample, rendered) in enumerate(group):
            first, end = rendered.num_prompt_tokens, len(rendered.token_ids)
            right = best[row, first - 1 : end - 1] == token_ids[row, first:end]
            exact, token = float(right.all()), float(right.float().mean())
            error = 1 - (exact if end - first <= FREE_TOKENS else token)
            totals[sample.skill].append({"exact": exact, "token": token, "error": error})
    return {
        name: {key: sum(s[key] for s in scores) / len(scores) for key in scores[0]}
        for name, scores in totals.items()
    }


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/training"), help="of the run")
    parser.add_argument("--minutes", type=float, default=90.0, help="to train for in all")
    parser.add_argument("--decay-minutes", type=float, default=20.0, help="of falling rates")
    parser.add_argument("--resume", action="store_true", help="continue the run in the folder")
    parser.add_argument("--from", dest="start", type=Path, help="a checkpoint folder to begin with")
    parser.add_argument("--muon-lr", type=float, default=0.02)
    parser.add_argument("--adam-lr", type=float, default=3e-3)
    parser.add_argument("--batch-tokens", type=int, default=4096)
    parser.add_argument("--pool-size", type=int, default=2048, help="samples sorted at a time")
    parser.add_argument("--max-tokens", type=int, default=1024, help="of a conversation")
    parser.add_argument("--copying-tokens", type=int, default=2_500_000)
    parser.add_argument("--examples", type=int, default=48, help="per skill in each report")
    parser.add_argument("--report-seconds", type=float, default=200.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    return parser.parse_args()


def main() -> None:
    """Trains as the command line says."""
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    run = Run(options)
    if options.resume:
        run.load(options.folder / "checkpoint.pt")
    elif options.start:
        run.begin_from(options.start)
    run.train()


if __name__ == "__main__":
    main()
