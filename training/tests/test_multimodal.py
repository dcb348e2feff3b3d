"""Samples with media: the same for the same seed, and held-out values only in the evaluation."""

from __future__ import annotations

import os
import subprocess
import sys
from random import Random
from typing import Any

import numpy as np
import pytest

from palaver_training.exam import EXAMS
from palaver_training.multimodal.media import Image, Media, Video, kind_of
from palaver_training.multimodal.skills import MEDIA_SKILLS
from palaver_training.multimodal.words import COLOURS, SHAPES, pair


def values(piece: Media) -> Any:
    if isinstance(piece, Image):
        return piece.pixels
    return piece.frames if isinstance(piece, Video) else piece.samples


@pytest.mark.parametrize("name", MEDIA_SKILLS)
def test_a_seed_gives_the_same_sample_again(name: str) -> None:
    first, second = (MEDIA_SKILLS[name].draw(Random(5), "train") for _ in range(2))
    assert first.sample.messages == second.sample.messages
    for one, other in zip(first.media, second.media, strict=True):
        assert np.array_equal(values(one), values(other))


@pytest.mark.parametrize("name", MEDIA_SKILLS)
def test_a_sample_names_its_media_and_accepts_its_own_answer(name: str) -> None:
    for seed in range(20):
        drawn = MEDIA_SKILLS[name].draw(Random(seed), "held_out")
        parts = [part["type"] for part in drawn.sample.messages[0]["content"]]
        assert sorted(parts) == sorted([*["text"], *(kind_of(piece) for piece in drawn.media)])
        assert drawn.sample.accepts(drawn.sample.reference)
        assert drawn.sample.skill == name


def test_the_evaluation_covers_every_evaluated_media_skill() -> None:
    for name, skill in MEDIA_SKILLS.items():
        assert (name in EXAMS) == skill.is_examined
        if skill.is_examined:
            drawn = EXAMS[name].draw(Random(1))
            assert drawn.media
            assert drawn.sample.messages == skill.draw(Random(1), "held_out").sample.messages


def test_drawing_and_examining_need_neither_torch_nor_palaver() -> None:
    program = (
        "import sys, palaver_training.evaluate, palaver_training.multimodal.preprocessor\n"
        "print(sorted({'torch', 'transformers', 'openvino', 'palaver'} & set(sys.modules)))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert found.stdout.strip() == "[]"


def test_pairs_that_are_held_out_are_never_trained() -> None:
    drawn = {
        split: {pair(Random(seed), split, SHAPES, list(COLOURS)) for seed in range(500)}
        for split in ("train", "held_out")
    }
    assert drawn["held_out"]
    assert drawn["train"].isdisjoint(drawn["held_out"])


def test_telephone_keys_are_told_apart_by_their_two_tones() -> None:
    from palaver_training.multimodal.audio import _key

    spectra = [np.abs(np.fft.rfft(_key(Random(1), key))) for key in "147"]
    peaks = [np.argsort(spectrum)[-2:].min() for spectrum in spectra]
    assert len(set(peaks)) == 3
