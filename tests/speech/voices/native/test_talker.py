"""A model's own voice: its process, and errors at its start."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from palaver.engine.engine import Engine
from palaver.errors import InvalidRequest, ModelNotAvailable, SettingError
from palaver.generation.request import GenerationRequest, Prompt, SamplingParams
from palaver.speech.catalogue import Voices
from palaver.speech.voices.native.talker import TalkerModel, TalkerNarration
from tests.multimodal import cases
from tests.multimodal.model import chat_model, encoded, prompt_of, runtime
from tests.speech.native import SPEAKERS, TALKER, write_folder

RECORDED = np.load(TALKER / "references.npz")
LOUDNESS = 3e6 * 32767
"""From PyTorch's waves to samples."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("native") / "omni")


def tokens_of(text: str) -> list[int]:
    """A text that is its tokens' numbers."""
    return [int(number) for number in text.split()]


async def audio_of(
    narration: TalkerNarration, token_ids: list[int]
) -> np.ndarray[tuple[int], np.dtype]:
    pieces = [np.zeros(0, dtype=np.int16)]
    for begin in range(0, len(token_ids), 5):
        text = " ".join(str(token) for token in token_ids[begin : begin + 5])
        pieces += [samples async for samples in narration.say(text, "en")]
    pieces += [samples async for samples in narration.finish()]
    narration.close()
    return np.concatenate(pieces)


def thought(case: cases.Case) -> tuple[Prompt, list[int], list[np.ndarray[Any, Any]]]:
    """The prompt of a case, the engine's answer, and the hidden states of the prompt's media."""
    prompt, inner = prompt_of(chat_model("omni"), case), runtime("omni")
    engine = Engine(inner, max_step_tokens=32)
    params = SamplingParams(max_tokens=11, seed=0, temperature=0)
    request = GenerationRequest(1, prompt, params, wants_hidden_states=bool(prompt.placeholders))
    engine.add(request, features=encoded(inner, prompt))
    token_ids, states = [], []
    while engine.num_requests:
        result = engine.step()
        token_ids += [token.token_id for token in result.tokens]
        states += [rows for _, rows in result.hidden_states]
    return prompt, token_ids, states


def test_concurrent_answers_equal_those_of_pytorch_with_hidden_states_of_media(
    folder: Path,
) -> None:
    """Engine and talker together, with hidden states from the engine."""
    names = [*(f"{case.name}/alto" for case in cases.SPOKEN), "text/bass"]
    speakers = {"alto": "ethan", "bass": "chelsie"}
    thoughts = {case.name: thought(case) for case in cases.SPOKEN}

    async def run() -> list[np.ndarray[tuple[int], np.dtype]]:
        model = TalkerModel("omni", folder, list(SPEAKERS))
        try:
            await model.start()
            spoken = []
            for name in names:
                prompt, token_ids, states = thoughts[name.split("/")[0]]
                assert token_ids == RECORDED[f"{name}/ids"].tolist()[len(prompt) : -1]
                narration = model.narration(speakers[name.split("/")[1]], prompt, tokens_of)
                if narration.wants_hidden_states:
                    narration.take_hidden_states(states)
                spoken.append(audio_of(narration, token_ids))
            return await asyncio.gather(*spoken)
        finally:
            await model.close()

    for name, found in zip(names, asyncio.run(run()), strict=True):
        expected = (RECORDED[f"{name}/wave"] * LOUDNESS).clip(-32767, 32767).round()
        assert np.abs(expected).max() > 1000
        assert np.abs(found[: len(expected)] - expected).max() <= 1


def test_an_answer_whose_process_has_ended_fails_and_the_next_one_speaks(folder: Path) -> None:
    async def run() -> int:
        model = TalkerModel("omni", folder, list(SPEAKERS))
        try:
            prompt = Prompt(RECORDED["text/alto/ids"].tolist()[:16])
            begun = model.narration("ethan", prompt, tokens_of)
            assert [samples async for samples in begun.say("3 4", "en")] == []
            assert model.pid
            os.kill(model.pid, signal.SIGKILL)
            for _ in range(2):
                with pytest.raises(ModelNotAvailable, match="try again"):
                    await anext(aiter(begun.say("5", "en")))
            begun.close()
            return len(await audio_of(model.narration("ethan", prompt, tokens_of), [3, 4]))
        finally:
            await model.close()

    assert asyncio.run(run()) > 0


def test_a_talker_that_cannot_be_loaded_stops_the_start(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "openvino_talker_model.xml").unlink()
    (tmp_path / "openvino_talker_model.xml").write_text("no model")

    async def run() -> None:
        voices = Voices(talkers=[TalkerModel("omni", tmp_path, ["ethan"])])
        try:
            await voices.start()
        finally:
            await voices.close()

    with pytest.raises(SettingError, match="talker of omni cannot be loaded"):
        asyncio.run(run())


def test_a_models_own_voice_comes_before_one_of_the_same_name() -> None:
    voices = Voices(talkers=[TalkerModel("omni", Path(), ["tenor", "ethan"])])
    assert voices.names_for("omni") == ["tenor", "ethan", "alto", "soprano", "bass"]
    assert voices.names_for("other") == voices.names
    prompt = Prompt([1, 2])
    assert isinstance(voices.narration("tenor", "omni", tokens_of, prompt), TalkerNarration)
    assert not isinstance(voices.narration("tenor", "other", tokens_of, prompt), TalkerNarration)
    with pytest.raises(InvalidRequest, match="tenor, ethan, alto, soprano, bass"):
        voices.check("bob", "omni")
    with pytest.raises(InvalidRequest, match="no voice 'ethan'"):
        voices.check("ethan", "other")
