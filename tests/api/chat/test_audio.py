"""Answers in text and audio through the real server and the embedded voices (spec row S11)."""

from __future__ import annotations

import base64
import time
from typing import Any

import httpx
import numpy as np
import pytest

from tests.host.processes import are_idle, wait_until
from tests.server import MODEL, NO_END, RunningServer, chat
from tests.speech.listening import listen
from tests.sse import joined, stream_events

pytestmark = pytest.mark.spec("S11")

PATH = "/v1/chat/completions"
FORMATS = ["wav", "mp3", "flac", "opus", "pcm16"]
STORY = chat("Tell me a story.", max_tokens=60, modalities=["text", "audio"])


def answer(client: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    response = client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    whole: dict[str, Any] = response.json()
    return whole


def message(client: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer(client, body)["choices"][0]["message"]
    return found


def data_of(message: dict[str, Any]) -> bytes:
    return base64.b64decode(message["audio"]["data"])


def audio_deltas(events: list[dict[str, Any]], choice: int = 0) -> list[dict[str, Any]]:
    parts = [part for event in events for part in event["choices"] if part["index"] == choice]
    return [part["delta"]["audio"] for part in parts if "audio" in part["delta"]]


def streamed_data(events: list[dict[str, Any]], choice: int = 0) -> bytes:
    return b"".join(base64.b64decode(a.get("data", "")) for a in audio_deltas(events, choice))


def refusal(client: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    response = client.post(PATH, json=body)
    assert response.status_code == 400, response.text
    error: dict[str, Any] = response.json()["error"]
    return error


@pytest.mark.parametrize("form", FORMATS)
def test_an_answer_is_audible_in_every_format(client: httpx.Client, form: str) -> None:
    whole = answer(client, STORY | {"audio": {"format": form}})
    spoken = whole["choices"][0]["message"]
    clip = listen(data_of(spoken), form)
    num_words = len(spoken["content"].split())
    assert 0.15 * num_words < clip.length_s < 0.8 * num_words
    assert 500 < np.sqrt((clip.samples**2).mean()) < 8000
    assert clip.num_clipped == 0
    assert clip.longest_silence_s < 0.8
    num_tokens = whole["usage"]["completion_tokens_details"]["audio_tokens"]
    assert num_tokens == pytest.approx(clip.length_s * 20, abs=3)
    assert whole["usage"]["completion_tokens"] == 60 + num_tokens


def test_text_and_audio_come_together(client: httpx.Client) -> None:
    spoken = message(client, STORY)
    silent = message(client, STORY | {"modalities": ["text"]})
    assert spoken["content"] == silent["content"] == spoken["audio"]["transcript"]
    assert "audio" not in silent
    assert spoken["audio"]["id"].startswith("audio_")
    assert 3500 < spoken["audio"]["expires_at"] - time.time() <= 3601
    assert data_of(spoken)[:4] == b"RIFF", "wav is the default"


@pytest.mark.spec("S45")
@pytest.mark.parametrize("form", FORMATS)
def test_a_stream_sounds_like_the_unary_answer(client: httpx.Client, form: str) -> None:
    body = STORY | {"audio": {"format": form, "voice": "tenor"}}
    events = stream_events(client, body)
    unary = message(client, body)
    clip, expected = listen(streamed_data(events), form), listen(data_of(unary), form)
    if form in ("mp3", "opus"):
        assert clip.length_s == pytest.approx(expected.length_s, abs=0.15)
        assert np.median(clip.levels) == pytest.approx(np.median(expected.levels), rel=0.1)
    else:
        assert np.array_equal(clip.samples, expected.samples), "no gaps at the seams"
    deltas = audio_deltas(events)
    transcript = "".join(delta.get("transcript", "") for delta in deltas)
    assert transcript == unary["audio"]["transcript"] == joined(events)


def test_a_stream_is_pcm16_unless_told_otherwise(client: httpx.Client) -> None:
    data = streamed_data(stream_events(client, STORY))
    assert data == data_of(message(client, STORY | {"audio": {"format": "pcm16"}}))


def test_streamed_audio_has_its_id_first_its_expiry_last_and_joins_as_base64(
    client: httpx.Client,
) -> None:
    events = stream_events(client, STORY | {"stream_options": {"include_usage": True}})
    first, *others = deltas = audio_deltas(events)
    assert first["id"].startswith("audio_")
    assert not any("id" in delta for delta in others)
    assert list(deltas[-1]) == ["expires_at"]
    assert not any("expires_at" in delta for delta in deltas[:-1])
    text = "".join(delta.get("data", "") for delta in deltas)
    assert base64.b64decode(text, validate=True) == streamed_data(events)
    assert events[-2]["choices"][0] | {"logprobs": None} == {
        "index": 0,
        "delta": {},
        "logprobs": None,
        "finish_reason": "length",
    }
    details = events[-1]["usage"]["completion_tokens_details"]
    assert details["audio_tokens"] == np.ceil(len(streamed_data(events)) / 2 / 1200)


def test_audio_arrives_while_the_text_is_still_generated(client: httpx.Client) -> None:
    body = STORY | {"max_tokens": 1500, "logit_bias": NO_END, "stream": True}
    kinds = ""
    with client.stream("POST", PATH, json=body) as response:
        for line in response.iter_lines():
            kinds += "s" if '"data":' in line else "t" if '"content":' in line else ""
            if kinds.endswith("tst"):
                return
    pytest.fail("all text came first")


def test_every_choice_has_its_own_audio(client: httpx.Client) -> None:
    body = STORY | {"n": 3, "temperature": 1.5, "seed": 5}
    unary = answer(client, body)["choices"]
    messages = [choice["message"] for choice in unary]
    assert len({spoken["audio"]["id"] for spoken in messages}) == 3
    events = stream_events(client, body | {"audio": {"format": "wav"}})
    for i, spoken in enumerate(messages):
        assert spoken["audio"]["transcript"] == spoken["content"] == joined(events, choice=i)
        clip = listen(streamed_data(events, i), "wav").samples
        assert np.array_equal(clip, listen(data_of(spoken), "wav").samples)


@pytest.mark.spec("S23")
def test_text_after_a_stop_string_is_not_spoken(client: httpx.Client) -> None:
    spoken = message(client, STORY | {"stop": "."})
    assert spoken["audio"]["transcript"] == spoken["content"]
    assert spoken["content"].endswith(".") and spoken["content"].count(".") == 1
    assert listen(data_of(spoken), "wav").length_s < 8


@pytest.mark.spec("S37")
@pytest.mark.parametrize("separate", [True, False])
def test_thinking_is_not_spoken(client: httpx.Client, separate: bool) -> None:
    question = chat("What is 12 + 7?", max_tokens=200, modalities=["text", "audio"])
    body = question | {"enable_thinking": True, "separate_reasoning": separate}
    spoken = message(client, body)
    assert spoken["audio"]["transcript"] == "12 + 7 = 19"
    assert ("<think>" in spoken["content"]) is not separate
    wav = streamed_data(stream_events(client, body | {"audio": {"format": "wav"}}))
    assert listen(wav, "wav").length_s < 5


@pytest.mark.spec("S35")
def test_json_is_spoken_where_it_is_the_answer(client: httpx.Client) -> None:
    schema = {"type": "object", "properties": {"result": {"const": 19}}, "required": ["result"]}
    form = {"type": "json_schema", "json_schema": {"name": "sum", "schema": schema}}
    question = chat("What is 12 + 7?", modalities=["text", "audio"], response_format=form)
    spoken = message(client, question)
    assert spoken["audio"]["transcript"] == spoken["content"]
    assert "19" in spoken["content"]


@pytest.mark.spec("S31")
def test_tool_calls_are_not_spoken(client: httpx.Client) -> None:
    city = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    function = {"name": "get_weather", "description": "Get the weather.", "parameters": city}
    body = chat(
        "What is the weather in Rome?",
        max_tokens=200,
        modalities=["text", "audio"],
        tools=[{"type": "function", "function": function}],
        tool_choice="required",
    )
    called = message(client, body)
    assert called["tool_calls"][0]["function"]["name"] == "get_weather"
    assert "audio" not in called
    events = stream_events(client, body)
    assert audio_deltas(events) == []
    assert events[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_an_answer_without_words_has_no_audio(client: httpx.Client) -> None:
    body = STORY | {"enable_thinking": True, "max_tokens": 3}
    assert "audio" not in message(client, body)
    assert audio_deltas(stream_events(client, body)) == []


@pytest.mark.parametrize("voice", ["alto", "soprano", "tenor", "bass"])
def test_voices_sound_different(client: httpx.Client, voice: str) -> None:
    listed = client.get("/v1/models").json()["data"][0]
    assert voice in listed["voices"]
    assert listed["output_modalities"] == ["text", "audio"]
    body = STORY | {"max_tokens": 20}
    data = data_of(message(client, body | {"audio": {"voice": voice}}))
    assert (data == data_of(message(client, body))) is (voice == "alto")


def test_chinese_is_spoken_as_chinese(client: httpx.Client) -> None:
    question = chat("你好！你是谁？", modalities=["text", "audio"], audio={"format": "pcm16"})
    spoken = message(client, question)
    assert any("\u4e00" <= c <= "\u9fff" for c in spoken["content"])
    clip = listen(data_of(spoken), "pcm16")
    num_characters = sum("\u4e00" <= c <= "\u9fff" for c in spoken["content"])
    assert 0.12 * num_characters < clip.length_s < 0.6 * num_characters + 2
    assert clip.pitch_hz > 100


@pytest.mark.parametrize("place", ["message", "part"])
def test_modalities_may_stand_in_a_message_or_a_content_part(
    client: httpx.Client, place: str
) -> None:
    wanted = {"modalities": ["text", "audio"]}
    part = {"type": "text", "text": "Tell me a story."} | (wanted if place == "part" else {})
    asked = {"role": "user", "content": [part]} | (wanted if place == "message" else {})
    body = STORY | {"modalities": None, "messages": [asked]}
    nested = client.post(PATH, json=body)
    assert "x-ignored-fields" not in nested.headers
    found = nested.json()["choices"][0]["message"]
    assert data_of(found) == data_of(message(client, STORY))
    later = {"role": "user", "content": "And?", "modalities": ["text"]}
    answered = {"role": "assistant", "content": "Well."}
    assert "audio" not in message(client, body | {"messages": [asked, answered, later]})
    assert refusal(client, body | {"modalities": ["text"]})["param"] == "modalities"


def test_an_earlier_answer_is_referred_to_by_its_id(client: httpx.Client) -> None:
    spoken = message(client, STORY)
    asked = {"role": "user", "content": "Tell me a story."}
    again = {"role": "user", "content": "Tell me another one."}

    def next_turn(earlier: dict[str, Any]) -> dict[str, Any]:
        messages = [asked, {"role": "assistant"} | earlier, again]
        return answer(client, chat(messages=messages))

    expected = next_turn({"content": spoken["content"]})
    for earlier in (
        {"audio": {"id": spoken["audio"]["id"]}},
        {"content": None, "audio": spoken["audio"]},
        spoken,
    ):
        found = next_turn(earlier)
        assert found["usage"]["prompt_tokens"] == expected["usage"]["prompt_tokens"]
        assert found["choices"][0]["message"] == expected["choices"][0]["message"]


@pytest.mark.parametrize(
    ("fields", "param", "says"),
    [
        ({"audio": {"voice": "bob"}}, "audio.voice", "alto, soprano, tenor, bass"),
        ({"audio": {"format": "aac"}}, "audio.format", "'wav', 'mp3', 'flac', 'opus' or 'pcm16'"),
        ({"audio": {"voice": {"id": "x"}}}, "audio.voice", "must be a string"),
        ({"audio": []}, "audio", "must be an object"),
        ({"modalities": ["audio"]}, "modalities", '["text", "audio"]'),
        ({"modalities": ["text", "smell"]}, "modalities", '["text", "audio"]'),
        ({"modalities": ["text"], "audio": {}}, "audio", "needs modalities"),
        ({"modalities": None, "audio": {"voice": "alto"}}, "audio", "needs modalities"),
    ],
)
def test_audio_requests_that_cannot_be_met_are_refused(
    client: httpx.Client, fields: dict[str, Any], param: str, says: str
) -> None:
    error = refusal(client, STORY | fields)
    assert error["param"] == param
    assert says in error["message"]


@pytest.mark.parametrize("earlier", ["assistant", "user"])
def test_an_unknown_audio_id_is_refused(client: httpx.Client, earlier: str) -> None:
    messages = [{"role": earlier, "audio": {"id": "audio_0"}}, {"role": "user", "content": "Hi"}]
    error = refusal(client, chat(messages=messages))
    assert error["param"].removesuffix(".id") == "messages[0].audio"


@pytest.mark.spec("S50")
def test_a_client_that_disconnects_ends_the_speaking(server: RunningServer) -> None:
    body = STORY | {"max_tokens": 3000, "logit_bias": NO_END, "stream": True}
    text = chat(max_tokens=200, logit_bias=NO_END)
    with server.client() as client:
        with client.stream("POST", PATH, json=body) as response:
            for line in response.iter_lines():
                if '"data"' in line:
                    break
        wait_until(lambda: not client.get("/debug/engines").json()[MODEL])
        wait_until(lambda: are_idle(server.voice_pids(), during=lambda: answer(client, text)))
        assert message(client, STORY)["audio"]["data"]
