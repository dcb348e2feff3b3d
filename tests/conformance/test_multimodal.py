"""Images, video and audio answered by the built-in model (spec rows S08 to S10, S53)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from tests.api import media
from tests.conformance.shown import AUDIOS, CASES, IMAGES, VIDEOS, Case
from tests.media import files
from tests.server import KEY, MODEL, RunningServer, running_server
from tests.sse import joined, stream_events

ROWS = {"image": "S08", "video": "S09", "audio": "S10"}
PATH = "/v1/chat/completions"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that may fetch from this machine."""
    environment = {"PALAVER_ALLOW_PRIVATE_URLS": "true"}
    with running_server(tmp_path_factory.mktemp("seeing"), environment=environment) as running:
        yield running


@pytest.fixture(scope="session")
def host() -> Iterator[str]:
    """The URL under which all files are found."""
    with media.hosted({f"/{case.name}": case.content for case in CASES}) as url:
        yield url


@pytest.fixture(scope="module")
def openai_client(server: RunningServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def media_client(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def with_row(case: Case) -> Any:
    marks = [pytest.mark.spec(ROWS[case.kind]), pytest.mark.spec("S53")]
    return pytest.param(case, id=case.name, marks=marks)


def ask(client: httpx.Client, messages: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    body = {"model": MODEL, "messages": messages, "temperature": 0, "max_tokens": 20} | fields
    response = client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def content(answer: dict[str, Any]) -> str:
    text: str = answer["choices"][0]["message"]["content"]
    return text


@pytest.mark.parametrize("way", ["data", "url"])
@pytest.mark.parametrize("case", [with_row(case) for case in CASES])
def test_media_are_described_unary_and_streamed(
    openai_client: openai.OpenAI, host: str, case: Case, way: str
) -> None:
    part = case.by_data if way == "data" else case.by_url(host)
    asked: dict[str, Any] = {"model": MODEL, "messages": case.messages(part), "temperature": 0}
    answer = openai_client.chat.completions.create(**asked)
    assert answer.usage is not None
    assert answer.usage.prompt_tokens_details is not None
    details = answer.usage.prompt_tokens_details.model_dump()
    assert details[f"{case.kind}_tokens"] == case.num_tokens
    *chunks, last = openai_client.chat.completions.create(
        **asked, stream=True, stream_options={"include_usage": True}
    )
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert streamed == answer.choices[0].message.content
    assert last.usage.prompt_tokens == answer.usage.prompt_tokens
    assert chunks[-1].choices[0].finish_reason == answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.content == case.answer


@pytest.mark.spec("S08")
@pytest.mark.spec("S09")
@pytest.mark.spec("S10")
@pytest.mark.parametrize("case", [IMAGES[0], VIDEOS[0], AUDIOS[0]], ids=lambda case: case.kind)
def test_every_form_of_a_part_gives_the_same_answer(
    media_client: httpx.Client, host: str, case: Case
) -> None:
    fields: dict[str, Any] = {"logprobs": True, "top_logprobs": 3}
    expected = ask(media_client, case.messages(case.by_data), **fields)["choices"]
    kind = case.by_data["type"]
    if case.kind == "audio":
        data = base64.b64encode(case.content).decode()
        others: list[Any] = [
            {"data": f"data:audio/wav;base64,{data}", "format": "wav"},
            {"data": f"{host}/to/{case.name}", "format": "wav"},
        ]
    else:
        url = case.by_data[kind]["url"]
        others = [url, f"{host}/{case.name}", {"url": f"{host}/to/{case.name}"}]
    if case.kind == "image":
        others += [{"url": url, "detail": detail} for detail in ("low", "high", "auto", None)]
    for other in others:
        part = {"type": kind, kind: other}
        assert ask(media_client, case.messages(part), **fields)["choices"] == expected, other


@pytest.mark.spec("S08")
@pytest.mark.spec("S53")
def test_a_message_may_have_several_media_items_between_its_texts(
    media_client: httpx.Client,
) -> None:
    first, second = IMAGES[0].by_data, IMAGES[2].by_data
    texts = ["Here are two pictures.", "And the other.", "Do both show the same colour?"]
    parts = [media.text(texts[0]), first, media.text(texts[1]), second, media.text(texts[2])]
    answer = ask(media_client, [{"role": "user", "content": parts}])
    assert answer["usage"]["prompt_tokens_details"]["image_tokens"] == 32
    assert content(answer)


@pytest.mark.spec("S08")
@pytest.mark.spec("S10")
@pytest.mark.spec("S53")
def test_an_image_and_audio_in_one_message_are_both_used(media_client: httpx.Client) -> None:
    parts = [IMAGES[0].by_data, AUDIOS[0].by_data, media.text("Is it the colour that is said?")]
    usage = ask(media_client, [{"role": "user", "content": parts}])["usage"]
    details = usage["prompt_tokens_details"]
    assert (details["image_tokens"], details["audio_tokens"]) == (16, AUDIOS[0].num_tokens)
    assert usage["prompt_tokens"] > 16 + AUDIOS[0].num_tokens


@pytest.mark.spec("S08")
@pytest.mark.spec("S12")
@pytest.mark.spec("S44")
@pytest.mark.spec("S53")
def test_the_next_turn_finds_the_image_in_the_cache(media_client: httpx.Client) -> None:
    case = IMAGES[0]
    rules = {"role": "system", "content": "You answer questions about pictures."}
    conversation = [rules, *case.messages(case.by_data)]
    first = ask(media_client, conversation)
    said = {"role": "assistant", "content": content(first)}
    again = {"role": "user", "content": "What shape is it?"}
    second = ask(media_client, [*conversation, said, again])
    details = second["usage"]["prompt_tokens_details"]
    assert details["image_tokens"] == 16
    assert details["cached_tokens"] >= 32


@pytest.mark.spec("S08")
@pytest.mark.spec("S35")
@pytest.mark.spec("S53")
def test_answers_about_images_follow_a_response_format(media_client: httpx.Client) -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["blue", "red"]}, "shape": {"enum": ["circle", "star"]}},
        "required": ["colour", "shape"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "seen", "schema": schema}}
    question = media.text("Answer in JSON with colour and shape.")
    messages = [{"role": "user", "content": [IMAGES[0].by_data, question]}]
    answer = content(ask(media_client, messages, response_format=form, max_tokens=60))
    assert answer.replace(" ", "") == '{"colour":"blue","shape":"circle"}'


@pytest.mark.spec("S08")
@pytest.mark.spec("S31")
@pytest.mark.spec("S53")
def test_answers_about_images_can_be_tool_calls(media_client: httpx.Client) -> None:
    text = {"type": "string"}
    function = {
        "name": "report",
        "description": "Report what is in the picture.",
        "parameters": {
            "type": "object",
            "properties": {"colour": text, "shape": text},
            "required": ["colour", "shape"],
        },
    }
    messages = [
        {"role": "user", "content": [IMAGES[0].by_data, media.text("Report what you see.")]}
    ]
    tools = [{"type": "function", "function": function}]
    answer = ask(media_client, messages, tools=tools, max_tokens=100)
    (call,) = answer["choices"][0]["message"]["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"colour": "blue", "shape": "circle"}


@pytest.mark.spec("S11")
@pytest.mark.spec("S53")
def test_answers_about_images_can_be_spoken(media_client: httpx.Client) -> None:
    case = IMAGES[0]
    fields = {"modalities": ["text", "audio"], "audio": {"voice": "alto", "format": "wav"}}
    answer = ask(media_client, case.messages(case.by_data), **fields)
    message = answer["choices"][0]["message"]
    assert message["audio"]["transcript"] == message["content"]
    assert len(base64.b64decode(message["audio"]["data"])) > 10_000
    body = {"model": MODEL, "messages": case.messages(case.by_data), "temperature": 0} | fields
    body["max_tokens"] = 20
    assert joined(stream_events(media_client, body)) == message["content"]


@pytest.mark.spec("S09")
def test_a_long_video_is_sampled_at_two_frames_a_second(media_client: httpx.Client) -> None:
    long = media.video(files.video(num_frames=100, fps=10))
    question = {"role": "user", "content": [long, media.text()]}
    details = ask(media_client, [question], max_tokens=2)["usage"]["prompt_tokens_details"]
    assert details["video_tokens"] == 10 * 4  # two frames are one step of 64 by 64 pixels


@pytest.mark.spec("S08")
@pytest.mark.spec("S09")
@pytest.mark.spec("S10")
@pytest.mark.spec("S46")
def test_the_list_of_models_has_input_modalities(media_client: httpx.Client) -> None:
    model = media_client.get(f"/v1/models/{MODEL}").json()
    assert model["input_modalities"] == ["text", "image", "video", "audio"]


@pytest.mark.spec("S08")
@pytest.mark.spec("S09")
@pytest.mark.spec("S10")
@pytest.mark.parametrize("case", [IMAGES[0], VIDEOS[0], AUDIOS[0]], ids=lambda case: case.kind)
def test_unreadable_media_become_the_clients_own_exception(
    openai_client: openai.OpenAI, host: str, case: Case
) -> None:
    kind = case.by_data["type"]
    field = "data" if case.kind == "audio" else "url"
    for broken in (base64.b64encode(b"nothing").decode(), f"{host}/none"):
        url = broken if case.kind == "audio" or "http" in broken else f"data:;base64,{broken}"
        part = {"type": kind, kind: case.by_data[kind] | {field: url}}
        asked: dict[str, Any] = {"model": MODEL, "messages": case.messages(part)}
        with pytest.raises(openai.BadRequestError) as refused:
            openai_client.chat.completions.create(**asked)
        assert refused.value.param == f"messages[0].content[0].{kind}.{field}"
