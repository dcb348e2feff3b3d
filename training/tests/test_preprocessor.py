"""The network's inputs agree with the tokens that a server counts."""

from __future__ import annotations

import asyncio
from random import Random

import numpy as np
import pytest

from palaver_training.conversation import answer_of, request_body
from palaver_training.multimodal import placement, vision
from palaver_training.multimodal.media import Image, Media, kind_of
from palaver_training.multimodal.preprocessor import Preprocessor
from palaver_training.multimodal.sample import MediaSample
from palaver_training.multimodal.skills import MEDIA_SKILLS
from palaver_training.sample import Sample
from palaver_training.server import Server, complete
from palaver_training.skills import SKILLS

RANDOM = np.random.default_rng(1)


@pytest.fixture(scope="module")
def preprocessor() -> Preprocessor:
    return Preprocessor()


def completion_of(server: Server, sample: MediaSample, max_tokens: int) -> dict[str, object]:
    async def ask() -> dict[str, object]:
        async with server.client() as client:
            return await complete(client, request_body(sample, server.model, max_tokens))

    return asyncio.run(ask())


@pytest.mark.parametrize("name", MEDIA_SKILLS)
def test_a_server_counts_the_tokens_that_the_network_is_given(
    examined_server: Server, preprocessor: Preprocessor, name: str
) -> None:
    drawn = MEDIA_SKILLS[name].draw(Random(3), "held_out")
    usage = completion_of(examined_server, drawn, 1)["usage"]
    assert isinstance(usage, dict)
    assert usage["prompt_tokens"] == preprocessor.process(drawn).num_prompt_tokens


@pytest.mark.parametrize("name", SKILLS)
def test_a_server_takes_every_conversation_that_training_writes(
    examined_server: Server, name: str
) -> None:
    drawn = SKILLS[name].generate(Random(4), "held_out")
    answer = answer_of(completion_of(examined_server, MediaSample(drawn, ()), 700))
    assert answer["role"] == "assistant"
    assert answer["content"] or answer.get("tool_calls")


def test_conversations_with_too_few_or_too_many_media_are_refused(
    preprocessor: Preprocessor,
) -> None:
    drawn = MEDIA_SKILLS["picture colour"].draw(Random(1), "train")
    for media in ((), (*drawn.media, *drawn.media)):
        with pytest.raises(ValueError, match="pad token"):
            preprocessor.process(MediaSample(drawn.sample, media))


@pytest.mark.parametrize("name", ["scene", "melody", "video order"])
def test_only_tokens_of_the_assistant_are_answers(preprocessor: Preprocessor, name: str) -> None:
    drawn = MEDIA_SKILLS[name].draw(Random(8), "train")
    found = preprocessor.process(drawn)
    answers = [
        i for i, is_answer in zip(found.token_ids, found.is_answer, strict=True) if is_answer
    ]
    text = preprocessor.tokenizer.decode(answers, skip_special_tokens=False)
    written = [m["content"] for m in drawn.sample.messages if m["role"] == "assistant"]
    assert text == "".join(f"{content}<|im_end|>" for content in written)


def test_positions_of_an_image_are_rows_and_columns_and_text_goes_on_behind_them() -> None:
    config = Preprocessor().vision
    pixels = RANDOM.integers(0, 255, (64, 96, 3), dtype=np.uint8)
    found = placement.insert([10, 5, 11], [placement.place(Image(pixels), config)], {"image": 5})
    assert found.token_ids == [10, *[5] * 6, 11]
    time, rows, columns = found.positions.tolist()
    assert time == [0, *[1] * 6, 4]
    assert rows == [0, 1, 1, 1, 2, 2, 2, 4]
    assert columns == [0, 1, 2, 3, 1, 2, 3, 4]


def test_patches_hold_every_pixel_once() -> None:
    config = Preprocessor().vision
    frame = RANDOM.integers(0, 255, (64, 96, 3), dtype=np.uint8)
    values = vision.patches(frame[None], config).reshape(-1, 3, config.num_frames, 16, 16)
    assert np.array_equal(values[:, :, 0], values[:, :, 1]), "a single frame fills both"
    shown = np.sort(values[:, :, 0].transpose(1, 0, 2, 3).reshape(3, -1))
    expected = np.sort((frame.transpose(2, 0, 1).reshape(3, -1) / np.float32(255) - 0.5) / 0.5)
    assert np.allclose(shown, expected, atol=1e-6)


def test_every_kind_of_media_becomes_a_content_part() -> None:
    kinds: dict[str, Media] = {}
    for skill in MEDIA_SKILLS.values():
        for piece in skill.draw(Random(1), "train").media:
            kinds[kind_of(piece)] = piece
    sample = Sample("all", ({"role": "user", "content": [{"type": kind} for kind in kinds]},) * 2)
    body = request_body(MediaSample(sample, tuple(kinds.values())), "m", 1)
    parts = [part["type"] for part in body["messages"][0]["content"]]
    expected = {"image": "image_url", "video": "video_url", "audio": "input_audio"}
    assert parts == [expected[kind] for kind in kinds]
