"""Answers spoken by the model that writes them: a tiny Qwen3-Omni's own talker (spec row S11)."""

from __future__ import annotations

import base64
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from palaver.chat.request import ChatRequest
from palaver.engine.engine import Engine
from palaver.generation.request import GenerationRequest, SamplingParams
from palaver.models.formats import open_files
from palaver.multimodal.media import Image
from palaver.runtime.talker import Talker
from palaver.speech.sentences import SentenceSplitter
from palaver.speech.voices.native.process import MAX_FRAMES_PER_TOKEN
from palaver.speech.voices.native.utterance import Conversation, Utterance
from tests.api import media
from tests.api.chat.test_audio import answer, audio_deltas, data_of, message, refusal, streamed_data
from tests.host.processes import are_idle, wait_until
from tests.media import files
from tests.multimodal.model import encoded, runtime
from tests.server import RunningServer, chat, running_server
from tests.speech.listening import listen
from tests.speech.native import SPEAKERS, write_folder
from tests.sse import stream_events

pytestmark = pytest.mark.spec("S11")

HELLO = chat(
    "Say hello",
    model="omni",
    max_tokens=12,
    modalities=["text", "audio"],
    audio={"voice": "ethan", "format": "pcm16"},
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("native") / "omni")


@pytest.fixture(scope="module")
def speaking(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    exact = {"PALAVER_CACHE_PRECISION": "f32", "PALAVER_INFERENCE_PRECISION": "f32"}
    data_dir = tmp_path_factory.mktemp("server")
    with running_server(data_dir, "--model", f"omni={folder}", environment=exact) as server:
        yield server


@pytest.fixture
def omni(speaking: RunningServer) -> Iterator[httpx.Client]:
    with speaking.client() as client:
        yield client


def conversation_of(folder: Path, messages: list[dict[str, Any]], images: list[Image]) -> Any:
    """The prompt of the thinker, and its hidden states of images."""
    model = open_files(folder).chat_model()
    assert model.multimodal is not None
    placed = [model.multimodal.place(image) for image in images]
    prompt = model.render(ChatRequest(messages=messages, media=placed)).prompt
    inner = runtime("omni")
    engine = Engine(inner)
    request = GenerationRequest(
        1, prompt, SamplingParams(max_tokens=1, seed=0), wants_hidden_states=True
    )
    engine.add(request, features=encoded(inner, prompt))
    result = engine.step()
    states = [np.zeros((0, 64), np.float32), *(rows for _, rows in result.hidden_states)]
    num = len(prompt)
    media = prompt.media_tokens(0, num)
    return Conversation(prompt.token_ids, prompt.rope_ids(0, num), media, np.concatenate(states))


def spoken_directly(
    folder: Path,
    body: dict[str, Any],
    text: str,
    messages: list[dict[str, Any]] | None = None,
    images: list[Image] | None = None,
) -> np.ndarray[Any, Any]:
    """The talker's audio for a text that is complete from the start, as samples."""
    model = open_files(folder).chat_model()
    talker = Talker(folder)
    conversation = conversation_of(folder, messages or body["messages"], images or [])
    utterance = Utterance(talker, conversation, body["audio"]["voice"])
    splitter = SentenceSplitter()
    token_ids = [model.tokenizer.encode(s) for s in splitter.feed(text) + splitter.flush()]
    utterance.feed([token for sentence in token_ids for token in sentence])
    utterance.finish()
    most = MAX_FRAMES_PER_TOKEN * sum(map(len, token_ids))
    frames = [frame for _ in range(most) if (frame := utterance.next_frame())]
    return (talker.wave(frames).clip(-1, 1) * 32767).round()


@pytest.mark.parametrize("voice", list(SPEAKERS))
def test_the_audio_of_an_answer_is_what_the_talker_makes_of_it(
    omni: httpx.Client, folder: Path, voice: str
) -> None:
    body = HELLO | {"audio": {"voice": voice, "format": "pcm16"}}
    whole = answer(omni, body)
    spoken = whole["choices"][0]["message"]
    assert spoken["audio"]["transcript"] == spoken["content"]
    found = np.frombuffer(data_of(spoken), "<i2").astype(float)
    expected = spoken_directly(folder, body, spoken["content"])
    assert np.abs(expected).max() > 1000
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1
    num_tokens = whole["usage"]["completion_tokens_details"]["audio_tokens"]
    assert num_tokens == np.ceil(len(found) / 1200)


def test_the_speakers_sound_different(omni: httpx.Client) -> None:
    other = HELLO | {"audio": {"voice": "chelsie", "format": "pcm16"}}
    assert data_of(message(omni, HELLO)) != data_of(message(omni, other))


@pytest.mark.spec("S45")
@pytest.mark.parametrize("form", ["pcm16", "wav"])
def test_streamed_audio_equals_the_unary_answer_sample_by_sample(
    omni: httpx.Client, form: str
) -> None:
    body = HELLO | {"max_tokens": 40, "audio": {"voice": "ethan", "format": form}}
    events = stream_events(omni, body)
    unary = message(omni, body)
    streamed = streamed_data(events)
    assert np.array_equal(listen(streamed, form).samples, listen(data_of(unary), form).samples)
    num_deltas = sum("data" in delta for delta in audio_deltas(events))
    assert num_deltas > 3
    transcript = "".join(delta.get("transcript", "") for delta in audio_deltas(events))
    assert transcript == unary["audio"]["transcript"]


def test_several_answers_at_once_sound_as_each_alone(omni: httpx.Client) -> None:
    bodies = [HELLO | {"messages": chat(f"Say {word}")["messages"]} for word in ("hello", "world")]
    bodies += [bodies[0] | {"n": 2, "temperature": 1, "seed": 7}]
    alone = [answer(omni, body) for body in bodies]
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(lambda body: answer(omni, body), bodies * 2))
    assert [audio_of_choices(found) for found in together] == [
        audio_of_choices(found) for found in alone * 2
    ]
    assert len(set(audio_of_choices(alone[2]))) == 2


def audio_of_choices(whole: dict[str, Any]) -> list[bytes]:
    return [base64.b64decode(c["message"]["audio"]["data"]) for c in whole["choices"]]


def test_native_voices_are_listed_with_their_model_only(omni: httpx.Client) -> None:
    listed = {model["id"]: model["voices"] for model in omni.get("/v1/models").json()["data"]}
    assert listed["omni"][:3] == ["ethan", "chelsie", "alto"]
    assert not set(SPEAKERS) & set(listed["palaver/tiny"])
    assert "ethan, chelsie, alto" in refusal(omni, HELLO | {"audio": {"voice": "bob"}})["message"]
    error = refusal(omni, HELLO | {"model": "palaver/tiny"})
    assert error["param"] == "audio.voice" and "'ethan'" in error["message"]


def test_other_voices_can_still_speak_its_answers(omni: httpx.Client) -> None:
    body = chat("Tell me a story.", model="omni", modalities=["text", "audio"])
    spoken = message(omni, body)
    named = message(omni, body | {"audio": {"voice": "alto"}})
    assert data_of(spoken) == data_of(named)


SEEN = media.ask(
    media.text("Say hello"),
    media.image(),
    modalities=["text", "audio"],
    audio={"voice": "ethan", "format": "pcm16"},
)


@pytest.mark.spec("S08")
def test_images_of_the_conversation_change_the_audio(omni: httpx.Client, folder: Path) -> None:
    spoken = message(omni, SEEN)
    found = np.frombuffer(data_of(spoken), "<i2").astype(float)
    parts = [{"type": "text", "text": "Say hello"}, {"type": "image"}]
    messages = [{"role": "user", "content": parts}]
    images = [Image(np.asarray(files.halves(size=(192, 160))))]
    expected = spoken_directly(folder, SEEN, spoken["content"], messages, images)
    assert np.abs(expected).max() > 1000
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1


@pytest.mark.parametrize("kind", [media.image, media.video, media.audio])
def test_conversations_with_media_sound_the_same_from_the_cache_streamed_and_side_by_side(
    omni: httpx.Client, kind: Any
) -> None:
    body = SEEN | {"messages": media.ask(media.text("Say hello"), kind())["messages"]}
    silent = {name: body[name] for name in body if name not in ("modalities", "audio")}
    content = message(omni, silent)["content"]
    first = message(omni, body)
    assert first["content"] == first["audio"]["transcript"] == content
    assert len(data_of(first)) > 0
    assert streamed_data(stream_events(omni, body)) == data_of(first)
    with ThreadPoolExecutor(3) as threads:
        together = list(
            threads.map(lambda body: answer(omni, body), [body | {"n": 2}, HELLO, body])
        )
    assert audio_of_choices(together[0]) == [data_of(first)] * 2
    assert audio_of_choices(together[2]) == [data_of(first)]


def test_an_image_of_an_earlier_turn_changes_the_audio_too(omni: httpx.Client) -> None:
    def told(image: bytes) -> bytes:
        first = media.ask(media.image(image))["messages"]
        later = [{"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Say"}]
        return data_of(message(omni, SEEN | {"messages": [*first, *later], "max_tokens": 8}))

    expected = told(media.IMAGE)
    assert told(media.IMAGE) == expected
    assert told(media.OTHER_IMAGE) != expected


@pytest.mark.spec("S50")
def test_a_client_that_disconnects_ends_the_speaking(speaking: RunningServer) -> None:
    body = HELLO | {"max_tokens": 2000, "stream": True, "logit_bias": {"2": -100}}
    text = chat(model="omni", max_tokens=200, logit_bias={"2": -100})
    with speaking.client() as client:
        with client.stream("POST", "/v1/chat/completions", json=body) as response:
            for line in response.iter_lines():
                if '"data"' in line:
                    break
        wait_until(lambda: are_idle(speaking.talker_pids(), during=lambda: answer(client, text)))


def test_a_talker_that_dies_fails_its_answer_and_the_next_one_speaks(
    speaking: RunningServer,
) -> None:
    with speaking.client() as client:
        expected = data_of(message(client, HELLO))
        (pid,) = speaking.talker_pids()
        os.kill(pid, signal.SIGKILL)
        response = client.post("/v1/chat/completions", json=HELLO)
        assert response.status_code == 503, response.text
        assert data_of(message(client, HELLO)) == expected


def test_the_api_process_does_not_import_openvino(speaking: RunningServer) -> None:
    assert "openvino" not in Path(f"/proc/{speaking.process.pid}/maps").read_text()
    assert len(speaking.talker_pids()) == 1
