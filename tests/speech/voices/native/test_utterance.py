"""A model's own voice against PyTorch, whose frames and waveforms are recorded."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from palaver.runtime.talker import Talker
from palaver.speech.voices.native.utterance import Conversation, Utterance
from tests.multimodal import cases
from tests.multimodal.model import chat_model, prompt_of
from tests.speech.native import TALKER

CASES = [f"{case.name}/alto" for case in cases.SPOKEN]


@pytest.fixture(scope="module")
def talker() -> Talker:
    return Talker(TALKER)


@cache
def recorded() -> dict[str, Any]:
    with np.load(TALKER / "references.npz") as found:
        return dict(found)


def conversation_of(name: str) -> Conversation:
    """A case with the hidden states that PyTorch computed."""
    case = next(case for case in cases.SPOKEN if case.name == name.split("/", maxsplit=1)[0])
    prompt = prompt_of(chat_model("omni"), case)
    num = len(prompt)
    media, states = prompt.media_tokens(0, num), recorded()[f"{name}/states"]
    return Conversation(prompt.token_ids, prompt.rope_ids(0, num), media, states)


@pytest.mark.spec("S11")
@pytest.mark.parametrize("name", [*CASES, "text/bass"])
def test_frames_and_waveform_equal_those_of_pytorch(talker: Talker, name: str) -> None:
    expected = recorded()[f"{name}/codes"][0].T.tolist()
    wave = recorded()[f"{name}/wave"]
    conversation = conversation_of(name)
    num_prompt = int(recorded()[f"{name}/num_prompt"])
    token_ids = recorded()[f"{name}/ids"].tolist()[:-1]
    assert token_ids[:num_prompt] == conversation.token_ids
    utterance = Utterance(talker, conversation, name.split("/")[1])
    frames: list[list[int]] = []
    for token in token_ids[num_prompt:]:
        assert utterance.next_frame() is None, "a frame needs a token"
        utterance.feed([token])
        frames.append(utterance.next_frame() or [])
    utterance.finish()
    frames += [utterance.next_frame() or [] for _ in expected[len(frames) :]]
    assert frames == expected
    found = talker.wave(frames)
    assert found.shape == (1920 * len(frames) - 555,) == wave.shape
    assert np.abs(found - wave).max() < 1e-5 * np.abs(wave).max()


@pytest.mark.parametrize("missing", ["states", "positions"])
def test_hidden_states_and_positions_of_media_change_the_audio(
    talker: Talker, missing: str
) -> None:
    name = "conversation/alto"
    whole = conversation_of(name)
    changed = Conversation(
        whole.token_ids,
        None if missing == "positions" else whole.rope_ids,
        whole.media,
        np.zeros_like(whole.hidden_states) if missing == "states" else whole.hidden_states,
    )
    answer = recorded()[f"{name}/ids"].tolist()[len(whole.token_ids) : -1]
    assert frames_of(talker, whole, answer) != frames_of(talker, changed, answer)


def frames_of(talker: Talker, conversation: Conversation, answer: list[int]) -> list[list[int]]:
    utterance = Utterance(talker, conversation, "alto")
    utterance.feed(answer)
    utterance.finish()
    return [utterance.next_frame() or [] for _ in answer]


def test_a_text_conversation_without_positions_gives_the_same_frames(talker: Talker) -> None:
    whole = conversation_of("text/alto")
    answer = recorded()["text/alto/ids"].tolist()[len(whole.token_ids) : -1]
    expected = frames_of(talker, whole, answer)
    assert frames_of(talker, Conversation(whole.token_ids), answer) == expected


def test_speakers_sound_different() -> None:
    assert not np.array_equal(recorded()["text/alto/codes"], recorded()["text/bass/codes"])


def test_an_empty_answer_gives_no_frames(talker: Talker) -> None:
    utterance = Utterance(talker, Conversation([]), "alto")
    utterance.finish()
    assert utterance.is_ended and utterance.next_frame() is None
