"""Training on media, which keeps the skills with text.

::

    python -m palaver_training.multimodal.train --folder RUN --minutes 600

Each update learns from images, video, audio and text. Media skills are sampled by their weight
and their share of wrong answers; the text skills as in the run that trained them.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn import functional

from palaver_training.data import Batch, token_weight
from palaver_training.data import Stream as TextStream
from palaver_training.folders import CHECKPOINT_FOLDER
from palaver_training.multimodal.batch import Inputs, buckets, collate
from palaver_training.multimodal.drawing import Step, Stream
from palaver_training.multimodal.network import Network
from palaver_training.multimodal.preprocessor import Preprocessor, TokenizedSample
from palaver_training.multimodal.skills import MEDIA_SKILLS
from palaver_training.optimizer import Optimizer
from palaver_training.render import Renderer
from palaver_training.skills import SKILLS
from palaver_training.train import Clock, autocast, examine, held_out

FLOOR = 0.08
"""Wrong share that every skill is treated as having at least, so that it keeps being drawn."""
WARMUP_STEPS = 60
_EXAMINED_AT_ONCE = 20
_AVERAGED_EVERY = 10
_KEPT_SHARE = 0.5
"""Share of the loss against the text model in the loss on text; the rest is against the reference."""
_BLENDED_EVERY = 12
_SHARED = "shared.pt"


class Run:
    """A run, kept in a folder that another process may continue from."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folder: Path = options.folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.preprocessor = Preprocessor()
        begin = options.start
        self.network = Network(self.preprocessor.tokenizer, begin)
        self.average = torch.optim.swa_utils.AveragedModel(
            Network(self.preprocessor.tokenizer, folder=begin),
            multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9),
        )
        self.teacher = Network(self.preprocessor.tokenizer, options.teacher)
        if options.compile:
            torch._dynamo.config.recompile_limit = 64
            for layer in (*self.network.model.layers, *self.teacher.model.layers):
                layer.compile(dynamic=True)
        self.optimizer = Optimizer(
            self.network,
            muon_lr=options.muon_lr,
            adam_lr=options.adam_lr,
            shares={"model.": options.text_rate},
        )
        self.errors = {name: 1.0 for name in options.skills if MEDIA_SKILLS[name].is_examined}
        self.steps = self.conversations = 0
        self.text_examples = held_out(Renderer(), options.examples // 2)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint."""
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        if "optimizer" in state and not self.options.new_optimizer:
            self.optimizer.load_state_dict(state["optimizer"])
        self.steps, self.conversations = state["steps"], state["conversations"]
        self.errors.update({n: e for n, e in state["errors"].items() if n in self.errors})

    def save(self) -> None:
        """Write a checkpoint; a reader never sees half of one."""
        path = self.folder / "checkpoint.pt"
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "steps": self.steps,
            "conversations": self.conversations,
            "errors": self.errors,
        }
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def train(self) -> None:
        """Train until the time is up, examining and saving every few minutes."""
        options = self.options
        seed = f"{options.seed} {self.steps}"
        stream = Stream(options.skills, options.processes, seed, options.scale)
        stream.set_shares(self.shares())
        texts = TextStream(
            batch_tokens=options.text_tokens, pool_size=1024, max_tokens=1024, seed=self.steps + 1
        )
        peer = Peer(self.folder, options.peer, self.steps) if options.peer else None
        texts.shares[:] = [options.dwell.get(name, 1.0) for name in SKILLS]
        clock = Clock(options.minutes, options.decay_minutes, self.folder / "decay")
        report_at, begin, before = time.time() + 240, time.time(), self.conversations
        smooth: list[float] = []
        for step, text in zip(stream, texts, strict=False):
            losses = self.step(
                step, text, clock.factor() * min(1.0, (self.steps + 1) / WARMUP_STEPS)
            )
            if peer and self.steps % _BLENDED_EVERY == 0:
                peer.blend(self.network, self.steps)
            smooth = [s + 0.05 * (x - s) for s, x in zip(smooth or losses, losses, strict=True)]
            if self.steps % 20 == 0:
                speed = (self.conversations - before) / (time.time() - begin)
                shown = " ".join(f"{value:.3f}" for value in smooth)
                print(f"step {self.steps} loss {shown}, {speed:.0f} conversations/s", flush=True)
            if time.time() > report_at or clock.is_over():
                self.report(loss=round(smooth[0], 4), text_loss=round(smooth[1], 4))
                self.save()
                stream.set_shares(self.shares())
                report_at = time.time() + options.report_seconds
            if clock.is_over():
                break
        stream.close()
        texts.close()

    def step(self, step: Step, text: Batch, factor: float) -> list[float]:
        """One update at ``factor`` of the full rates; returns the losses of media and text."""
        config = self.preprocessor.vision
        parts = [part for samples in step.groups.values() for part in buckets(samples)]
        groups = [(collate(part, config), weights_of(part)) for part in parts]
        total = sum(float(weights.sum()) for _, weights in groups)
        of_media = 0.0
        for inputs, weights in groups:
            with autocast():
                loss = self._loss(inputs, weights) / total
            loss.backward()
            of_media += float(loss.detach())
        with autocast():
            loss = self._text_loss(text)
        (self.options.text_weight * loss).backward()
        self.optimizer.step(factor)
        if self.steps % _AVERAGED_EVERY == 0:
            self.average.update_parameters(self.network)
        self.steps += 1
        self.conversations += sum(len(samples) for samples in step.groups.values())
        return [of_media, float(loss.detach())]

    def shares(self) -> dict[str, float]:
        """How often to sample each skill: its weight times its share of wrong answers."""
        wrong = sum(self.errors.values()) / max(len(self.errors), 1)
        return {
            name: MEDIA_SKILLS[name].weight * max(self.errors.get(name, wrong), FLOOR)
            for name in self.options.skills
        }

    def report(self, **figures: float) -> None:
        """Evaluate the averaged weights on held-out samples, and log the figures."""
        network = self.average.module
        scores = {name: self._right(network, name) for name in self.errors}
        for name, share in scores.items():
            self.errors[name] = 0.5 * self.errors[name] + 0.5 * (1 - share)
        text = examine(_Text(network), self.text_examples)
        line = {
            "time": time.strftime("%H:%M:%S"),
            "steps": self.steps,
            "conversations": self.conversations,
            **figures,
            "right": scores,
            "text": {name: round(score["exact"], 3) for name, score in text.items()},
        }
        print(json.dumps(line), flush=True)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")

    @torch.no_grad()
    def _right(self, network: Network, name: str) -> float:
        """Share of held-out samples of a skill whose every token comes out right."""
        rng, num_right = Random(name), 0
        left = self.options.examples
        while left > 0:
            num = min(left, _EXAMINED_AT_ONCE)
            samples = [
                self.preprocessor.process(MEDIA_SKILLS[name].draw(rng, "held_out"))
                for _ in range(num)
            ]
            inputs = collate(samples, self.preprocessor.vision)
            with autocast():
                best = network.logits(network(inputs)).argmax(-1)
            wrong = (best[:, :-1] != inputs.token_ids[:, 1:]) & inputs.is_answer[:, 1:]
            num_right += int((~wrong.any(dim=1)).sum())
            left -= num
        return round(num_right / self.options.examples, 3)

    def _text_loss(self, text: Batch) -> Tensor:
        """The loss on text, against the reference and against the teacher."""
        network = self.network
        hidden = network.read(text.token_ids).flatten(0, 1)[text.positions]
        scores = network.logits(hidden).float().log_softmax(-1)
        with torch.no_grad():
            known = self.teacher.read(text.token_ids).flatten(0, 1)[text.positions]
            soft = self.teacher.logits(known).float().softmax(-1)
        right = -scores.gather(1, text.targets[:, None])[:, 0]
        losses = right.lerp(-(soft * scores).sum(-1), _KEPT_SHARE)
        return (losses * text.weights).sum() / text.weights.sum()

    def _loss(self, inputs: Inputs, weights: Tensor) -> Tensor:
        counted = inputs.is_answer[:, 1:]
        logits = self.network.logits(self.network(inputs)[:, :-1][counted]).float()
        losses = functional.cross_entropy(
            logits, inputs.token_ids[:, 1:][counted], reduction="none"
        )
        return (losses * weights).sum()


class Peer:
    """Another process that trains the same network on other samples; both move towards their average.

    Each leaves its weights in its folder and moves towards what the other has left, by the share of
    the steps that the other has taken since. Neither waits.

    Args:
        own: This run's folder.
        other: The other's.
        steps: Those that both begin with.
    """

    def __init__(self, own: Path, other: Path, steps: int) -> None:
        self._own, self._other = own / _SHARED, other / _SHARED
        self._own_steps = self._other_steps = steps

    @torch.no_grad()
    def blend(self, network: Network, steps: int) -> None:
        """Write these weights for the other process, and move them towards its weights."""
        torch.save({"network": network.state_dict(), "steps": steps}, self._own.with_suffix(".new"))
        self._own.with_suffix(".new").replace(self._own)
        if not self._other.exists():
            return
        found = torch.load(self._other, weights_only=True)
        num_other, num_own = found["steps"] - self._other_steps, steps - self._own_steps
        if num_other <= 0:
            return
        for name, parameter in network.named_parameters():
            parameter.lerp_(found["network"][name], num_other / (num_other + num_own))
        self._own_steps, self._other_steps = steps, found["steps"]


class _Text:
    """The network as a text model."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __call__(self, token_ids: Tensor) -> Tensor:
        return self._network.read(token_ids)

    def logits(self, hidden: Tensor) -> Tensor:
        return self._network.logits(hidden)


def weights_of(samples: list[TokenizedSample]) -> Tensor:
    """``float32[answer tokens]``: how much each counts, in the order of a batch."""
    weights: list[float] = []
    for sample in samples:
        num = sum(sample.is_answer)
        weights += [token_weight(num)] * num
    return torch.tensor(weights)


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/training"), help="of the run")
    parser.add_argument("--minutes", type=float, default=600, help="to train for in all")
    parser.add_argument("--decay-minutes", type=float, default=60, help="of falling rates")
    parser.add_argument("--resume", action="store_true", help="continue the run in the folder")
    parser.add_argument(
        "--from", dest="start", type=Path, default=CHECKPOINT_FOLDER, help="weights to begin with"
    )
    parser.add_argument(
        "--teacher", type=Path, default=CHECKPOINT_FOLDER, help="weights whose text is kept"
    )
    parser.add_argument("--new-optimizer", action="store_true", help="forget its momentum")
    parser.add_argument("--peer", type=Path, help="folder of a run that trains beside this one")
    parser.add_argument(
        "--skills", nargs="+", default=list(MEDIA_SKILLS), choices=list(MEDIA_SKILLS)
    )
    parser.add_argument("--scale", type=float, default=1.0, help="of the number in an update")
    parser.add_argument("--text-tokens", type=int, default=2048, help="of text in an update")
    parser.add_argument("--text-weight", type=float, default=0.5, help="of text in the loss")
    parser.add_argument("--muon-lr", type=float, default=0.012)
    parser.add_argument("--adam-lr", type=float, default=2e-3)
    parser.add_argument("--text-rate", type=float, default=0.2, help="rates of the language model")
    parser.add_argument("--report-seconds", type=float, default=300)
    parser.add_argument("--examples", type=int, default=40)
    parser.add_argument("--processes", type=int, default=1, help="that draw")
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    parser.add_argument(
        "--dwell",
        type=json.loads,
        default={},
        help='how often text skills are drawn, where not once: {"about": 4}',
    )
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args(arguments)


def main() -> None:
    """Train."""
    options = options_of()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    run = Run(options)
    if options.resume:
        run.load(options.folder / "checkpoint.pt")
    run.train()


if __name__ == "__main__":
    main()
