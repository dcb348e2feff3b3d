"""Pre-training of the vision encoder: it learns to label the patches of images.

::

    python -m palaver_training.multimodal.grounding --folder RUN --minutes 12

A question gives a few bits of training signal about its image; its patches give some hundred. The
encoder of the run's checkpoint learns to tell for each patch which shape, colour and character it
is part of and whether the middle of one lies in it. The heads are discarded afterwards.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor, nn
from torch.nn import functional

from palaver_training.multimodal import vision
from palaver_training.multimodal.batch import vision_inputs
from palaver_training.multimodal.images import LETTERS, canvas, paint, paper, text_box
from palaver_training.multimodal.network import Network
from palaver_training.multimodal.preprocessor import Preprocessor
from palaver_training.multimodal.scenes import Thing, things_of
from palaver_training.multimodal.vision import VisionConfig
from palaver_training.multimodal.words import COLOURS, PRINTED, SHAPES, jittered
from palaver_training.optimizer import Optimizer
from palaver_training.train import autocast

CHARACTERS = "0123456789" + LETTERS
SIZES = (len(SHAPES) + 1, len(COLOURS) + 1, len(CHARACTERS) + 1, 2)
"""Classes of each label; the first of each is nothing."""
_BATCH = 40
_WRITTEN_SHARE = 0.45


@dataclass(frozen=True, slots=True)
class Grounded:
    """An image as the encoder gets it, with its labels.

    Attributes:
        pixels: ``uint8[1, height, width, 3]``.
        labels: ``int64[patches, 4]``: shape, colour, character, whether something's middle is here;
            in the order of patches.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]


def draw(rng: Random, config: VisionConfig) -> Grounded:
    """An image of things or of writing."""
    image, maps, middles = _written(rng) if rng.random() < _WRITTEN_SHARE else _things(rng)
    height, width = vision.fitting_size(image.height, image.width, config.factor, config.image)
    pixels = vision.resize(np.asarray(image), height, width)
    rows, columns = height // config.patch_size, width // config.patch_size
    labels = np.zeros((rows, columns, 4), np.int64)
    for i, classes in enumerate(maps):
        whole = np.asarray(classes.resize((width, height), Image.Resampling.NEAREST))
        size = config.patch_size
        cut = (
            whole.reshape(rows, size, columns, size)
            .transpose(0, 2, 1, 3)
            .reshape(rows, columns, -1)
        )
        labels[:, :, i] = _commonest(cut)
    for x, y in middles:
        row, column = int(y * rows / image.height), int(x * columns / image.width)
        labels[min(row, rows - 1), min(column, columns - 1), 3] = 1
    flat = vision.in_merge_order(labels.reshape(rows * columns, 4), rows, columns, config)
    return Grounded(pixels[None], flat)


def _commonest(cut: NDArray[np.uint8]) -> NDArray[np.int64]:
    """For ``uint8[rows, columns, pixels]`` the class that covers most, if an eighth is covered."""
    counts = np.stack(
        [(cut == value).sum(-1) for value in range(1, int(cut.max()) + 1)]
        or [np.zeros(cut.shape[:2], np.int64)]
    )
    best = counts.argmax(0) + 1
    return np.where(counts.max(0) * 8 > cut.shape[-1], best, 0)


Drawn = tuple[Image.Image, list[Image.Image], list[tuple[float, float]]]


def _things(rng: Random) -> Drawn:
    things = things_of(rng, "train")
    image = canvas(rng, *{thing.colour for thing in things})
    maps = [Image.new("L", image.size) for _ in range(3)]
    for thing in things:
        box = thing.box(image.size)
        paint(image, thing.shape[0], box, jittered(rng, COLOURS[thing.colour]))
        for classes, value in zip(maps, _classes(thing), strict=False):
            paint(classes, thing.shape[0], box, value)
    return image, maps, [thing.box(image.size)[:2] for thing in things]


def _classes(thing: Thing) -> tuple[int, int]:
    return SHAPES.index(thing.shape) + 1, list(COLOURS).index(thing.colour) + 1


def _written(rng: Random) -> Drawn:
    name = rng.choice([("black", "黑色"), *COLOURS])
    ink = jittered(rng, COLOURS[name])
    text = "".join(rng.choice(CHARACTERS) for _ in range(rng.randint(1, 5)))
    text = rng.choice((text, text, rng.choice(PRINTED), str(rng.randrange(1000))))
    image, (x, y), font = paper(rng, text, ink)
    ImageDraw.Draw(image).text((x, y), text, font=font, fill=ink)
    maps = [Image.new("L", image.size) for _ in range(3)]
    ImageDraw.Draw(maps[1]).text((x, y), text, font=font, fill=list(COLOURS).index(name) + 1)
    maps[1] = maps[1].point(lambda value: value if value == list(COLOURS).index(name) + 1 else 0)
    middles = []
    for i, character in enumerate(text):
        left = x + font.getlength(text[:i])
        box = text_box(image, character, (left, y), font)
        ImageDraw.Draw(maps[2]).rectangle(box, fill=CHARACTERS.index(character) + 1)
        middles.append(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
    return image, maps, middles


class Lesson:
    """The encoder of a network with a head for each label."""

    def __init__(self, network: Network, config: VisionConfig) -> None:
        self.network, self.config = network, config
        size = network.visual.config.hidden_size
        self.heads = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, sum(SIZES)))

    def losses(self, images: list[Grounded]) -> tuple[list[Tensor], list[float]]:
        """The loss of each label, and the accuracy on patches with content."""
        inputs = vision_inputs([image.pixels for image in images], self.config)
        labels = torch.from_numpy(np.concatenate([image.labels for image in images]))
        with autocast():
            found = self.heads(self.network.patches_of(inputs)).float().split(SIZES, dim=-1)
        losses, right = [], []
        for i, scores in enumerate(found):
            losses.append(functional.cross_entropy(scores, labels[:, i]))
            some = labels[:, i] > 0
            right.append(float((scores[some].argmax(-1) == labels[some, i]).float().mean()))
        return losses, right


def main() -> None:
    """Train the encoder of the checkpoint in a run's folder, and write it back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=12)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    preprocessor, rng = Preprocessor(), Random(int(time.time()))
    network = Network(preprocessor.tokenizer)
    path = options.folder / "checkpoint.pt"
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    lesson = Lesson(network, preprocessor.vision)
    taught = nn.ModuleDict({"tower": network.visual, "heads": lesson.heads})
    optimizer = Optimizer(taught, muon_lr=0.02, adam_lr=2e-3)
    begin, step = time.time(), 0
    mean: list[float] = []
    while (past := (time.time() - begin) / 60 / options.minutes) < 1:
        losses, right = lesson.losses([draw(rng, lesson.config) for _ in range(_BATCH)])
        torch.stack(losses).sum().backward()
        for parameter in taught.parameters():
            if parameter.grad is None:  # the mergers, which no label needs
                parameter.grad = torch.zeros_like(parameter)
        optimizer.step(min(1.0, (step + 1) / 50, 3 * (1 - past)))
        step += 1
        now = [float(loss.detach()) for loss in losses] + right
        now = [
            old if value != value else value for old, value in zip(mean or now, now, strict=True)
        ]
        mean = [old + 0.03 * (value - old) for old, value in zip(mean or now, now, strict=True)]
        if step % 50 == 0:
            speed = step * _BATCH / (time.time() - begin)
            shown = " ".join(f"{value:.3f}" for value in mean)
            print(f"step {step}: losses and right {shown}, {speed:.0f} images/s", flush=True)
    for name, weights in network.visual.state_dict().items():
        state["network"][f"visual.{name}"] = weights
        state["average"][f"module.visual.{name}"] = weights
    torch.save(state, path)


if __name__ == "__main__":
    main()
