"""Text and audio together through OpenAI's Python client (spec row S11)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from tests.server import KEY, MODEL, RunningServer
from tests.speech.listening import listen

pytestmark = [pytest.mark.spec("S11")]

STORY: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Tell me a story."}]
WANTED: dict[str, Any] = {
    "model": MODEL,
    "messages": STORY,
    "temperature": 0,
    "max_completion_tokens": 24,
    "modalities": ["text", "audio"],
}


@pytest.fixture(scope="module")
def openai_client(server: RunningServer) -> Iterator[Any]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


def test_an_answer_has_the_audio_fields_that_the_client_declares(openai_client: Any) -> None:
    audio = {"voice": "alto", "format": "mp3"}
    answer = openai_client.chat.completions.create(**WANTED, audio=audio)
    message = answer.choices[0].message
    assert message.audio is not None
    assert not message.audio.model_extra
    assert message.audio.transcript == message.content
    clip = listen(base64.b64decode(message.audio.data), "mp3")
    assert clip.length_s > 2
    assert clip.num_clipped == 0
    usage = answer.usage
    assert usage is not None and usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.audio_tokens == pytest.approx(clip.length_s * 20, abs=3)


@pytest.mark.spec("S45")
@pytest.mark.parametrize("n", [1, 2])
def test_streamed_audio_equals_the_unary_answer(openai_client: Any, n: int) -> None:
    wanted = WANTED | {"n": n, "audio": {"voice": "bass", "format": "pcm16"}}
    unary = openai_client.chat.completions.create(**wanted)
    stream = openai_client.chat.completions.create(**wanted, stream=True)
    data: dict[int, bytes] = {}
    for chunk in stream:
        for choice in chunk.choices:
            if choice.delta.audio is not None and choice.delta.audio.data:
                decoded = base64.b64decode(choice.delta.audio.data)
                data[choice.index] = data.get(choice.index, b"") + decoded
    for choice in unary.choices:
        assert choice.message.audio is not None
        assert data[choice.index] == base64.b64decode(choice.message.audio.data)


@pytest.mark.spec("S45")
def test_the_streaming_helper_joins_the_audio(openai_client: Any) -> None:
    wanted = WANTED | {"audio": {"voice": "alto", "format": "flac"}, "stop": "."}
    wanted["max_completion_tokens"] = 100
    with openai_client.chat.completions.stream(**wanted) as stream:
        message = stream.get_final_completion().choices[0].message
    assert message.audio is not None
    assert message.audio.transcript == message.content
    assert listen(base64.b64decode(message.audio.data), "flac").length_s > 2
    assert message.audio.expires_at > 1_700_000_000


def test_a_message_with_its_audio_can_be_sent_back(openai_client: Any) -> None:
    create = openai_client.chat.completions.create
    first = create(**WANTED, audio={"voice": "alto", "format": "opus"}).choices[0].message
    messages: list[Any] = [*STORY, first, {"role": "user", "content": "And then?"}]
    answer = create(model=MODEL, messages=messages, max_completion_tokens=8)
    assert answer.choices[0].message.content


def test_an_unknown_voice_is_the_clients_own_exception(openai_client: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="alto, soprano, tenor, bass") as caught:
        openai_client.chat.completions.create(**WANTED, audio={"voice": "bob", "format": "wav"})
    assert caught.value.param == "audio.voice"
