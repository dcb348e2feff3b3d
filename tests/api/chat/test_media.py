"""Images, video and audio through a real server (spec rows S08 to S10)."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.api import hostile, media
from tests.media import files
from tests.multimodal.model import HERE
from tests.runtime import text_model
from tests.server import KEY, RunningServer, running_server
from tests.sse import joined, stream_events

ROOT = Path(__file__).parents[3]
PATH = "/v1/chat/completions"
PART = "messages[0].content[0]"
KINDS = ["image", "video", "audio"]
PARTS = {"image": media.image(), "video": media.video(), "audio": media.audio()}


@pytest.fixture(scope="module")
def media_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server of both multimodal families and a text model, all with fixed random weights."""
    models = ["--model", f"omni={HERE / 'omni'}", "--model", f"vl={HERE / 'vl'}"]
    models += ["--model", f"text={text_model.write(tmp_path_factory.mktemp('text') / 'text')}"]
    environment = {"PALAVER_INFERENCE_PRECISION": "f32", "PALAVER_MAX_MEDIA": "8"}
    environment |= {"PALAVER_MAX_MEDIA_MEGAPIXELS": "4", "PALAVER_MAX_MEDIA_S": "30"}
    folder = tmp_path_factory.mktemp("seeing")
    with running_server(folder, *models, environment=environment) as server:
        yield server


@pytest.fixture(scope="module")
def media_client(media_server: RunningServer) -> Iterator[httpx.Client]:
    with media_server.client() as client:
        yield client


def answer(client: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    response = client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def refusal(client: httpx.Client, body: dict[str, Any]) -> tuple[str, str]:
    """The path and the message of a 400."""
    response = client.post(PATH, json=body)
    assert response.status_code == 400, response.text
    error = response.json()["error"]
    return error["param"], error["message"]


def content(completion: dict[str, Any]) -> str:
    text: str = completion["choices"][0]["message"]["content"]
    return text


@pytest.mark.spec("S46", "S08", "S09", "S10")
def test_models_list_their_input_modalities(media_client: httpx.Client) -> None:
    models = {m["id"]: m["input_modalities"] for m in media_client.get("/v1/models").json()["data"]}
    assert models["omni"] == ["text", "image", "video", "audio"]
    assert models["vl"] == ["text", "image", "video"]
    assert models["palaver/tiny"] == ["text", "image", "video", "audio"]
    assert models["text"] == ["text"]


@pytest.mark.spec("S08", "S09", "S10", "S44")
@pytest.mark.parametrize("kind", KINDS)
def test_media_are_accepted_counted_and_streamed_alike(
    media_client: httpx.Client, kind: str
) -> None:
    body = media.ask(PARTS[kind], media.text(), seed=1)
    whole = answer(media_client, body)
    details = whole["usage"]["prompt_tokens_details"]
    expected = {"image": 20, "video": 8, "audio": 20}[kind]
    assert details[f"{kind}_tokens"] == expected
    assert whole["usage"]["prompt_tokens"] > expected
    assert set(details) == {"cached_tokens", f"{kind}_tokens"}
    events = stream_events(media_client, body | {"stream_options": {"include_usage": True}})
    assert joined(events) == content(whole)
    assert events[-1]["usage"]["prompt_tokens"] == whole["usage"]["prompt_tokens"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_content_of_media_changes_the_answer(media_client: httpx.Client, kind: str) -> None:
    others = {
        "image": media.image(media.OTHER_IMAGE),
        "video": media.video(files.video(num_frames=12)),
        "audio": media.audio(files.audio(files.tone(1.5, 1000))),
    }
    fields: dict[str, Any] = {"logprobs": True, "top_logprobs": 5}
    first, second = (
        answer(media_client, media.ask(part, media.text(), **fields))
        for part in (PARTS[kind], others[kind])
    )
    assert first["choices"][0]["logprobs"] != second["choices"][0]["logprobs"]


@pytest.mark.spec("S08")
def test_an_image_may_be_a_bare_string(media_client: httpx.Client) -> None:
    bare = {"type": "image_url", "image_url": media.data_url(media.IMAGE, "image/png")}
    assert content(answer(media_client, media.ask(bare))) == content(
        answer(media_client, media.ask(media.image()))
    )


@pytest.mark.spec("S08")
def test_every_detail_is_accepted_and_changes_nothing_for_a_small_image(
    media_client: httpx.Client,
) -> None:
    for detail in ("low", "auto", "high", None):
        usage = answer(media_client, media.ask(media.image(detail=detail)))["usage"]
        # The image is too small for any setting to shrink it.
        assert usage["prompt_tokens_details"]["image_tokens"] == 20
    path, message = refusal(media_client, media.ask(media.image(detail="fine")))
    assert path == f"{PART}.image_url.detail"
    assert "'low', 'high' or 'auto'" in message


@pytest.mark.spec("S10")
@pytest.mark.parametrize(
    ("form", "container", "codec"),
    [
        ("mp3", "mp3", "mp3"),
        ("flac", "flac", "flac"),
        ("ogg", "ogg", "libopus"),
        ("m4a", "mp4", "aac"),
    ],
)
def test_every_common_audio_format_is_accepted(
    media_client: httpx.Client, form: str, container: str, codec: str
) -> None:
    content = files.audio(files.tone(1.5, rate_hz=48_000), container, codec, rate_hz=48_000)
    usage = answer(media_client, media.ask(media.audio(content, form), media.text()))["usage"]
    assert usage["prompt_tokens_details"]["audio_tokens"] in range(19, 23)


@pytest.mark.spec("S09")
def test_both_families_accept_video(media_client: httpx.Client) -> None:
    omni, vl = (
        answer(media_client, media.ask(media.video(), model=name))["usage"]
        for name in ("omni", "vl")
    )
    assert omni["prompt_tokens_details"]["video_tokens"] == 8
    assert vl["prompt_tokens_details"]["video_tokens"] == 8
    assert vl["prompt_tokens"] > omni["prompt_tokens"]  # whose timestamps are text in the prompt


@pytest.mark.spec("S19")
def test_concurrent_mixed_requests_get_the_answers_that_each_gets_alone(
    media_client: httpx.Client,
) -> None:
    rng = random.Random(5)
    bodies = []
    for i in range(16):
        parts = rng.sample([media.image(), media.video(), media.audio(), media.text("So?")], 2)
        fields: dict[str, Any] = {"temperature": 1, "seed": i, "logprobs": True, "top_logprobs": 2}
        bodies.append(media.ask(*parts, **fields))
    alone = [answer(media_client, body)["choices"] for body in bodies]
    with ThreadPoolExecutor(16) as threads:
        crowd = list(threads.map(lambda body: answer(media_client, body)["choices"], bodies))
    assert crowd == alone


def test_a_conversation_that_repeats_its_image_finds_it_in_the_cache(
    media_client: httpx.Client,
) -> None:
    image = media.image(files.file_of(files.halves(files.BLUE, files.GREEN, (160, 160))))
    body = media.ask(image, media.text("What do you see here? Tell me all of it, please."))
    first = answer(media_client, body)
    assert first["usage"]["prompt_tokens_details"]["cached_tokens"] == 0
    said = {"role": "assistant", "content": content(first)}
    again = {"role": "user", "content": "And what else?"}
    second = answer(media_client, body | {"messages": [*body["messages"], said, again]})
    assert second["usage"]["prompt_tokens_details"]["cached_tokens"] >= 32
    assert second["usage"]["prompt_tokens_details"]["image_tokens"] == 25


@pytest.mark.spec("S08", "S09", "S10")
def test_a_text_model_refuses_images_video_and_audio(media_client: httpx.Client) -> None:
    for part, kind in (
        (media.image(), "image"),
        (media.video(), "video"),
        (media.audio(), "audio"),
    ):
        path, message = refusal(media_client, media.ask(part, model="text"))
        assert path.startswith(PART)
        assert f"is {kind} input, which model 'text' cannot take; it takes text" in message
    path, message = refusal(media_client, media.ask(media.audio(), model="vl"))
    assert path == f"{PART}.input_audio.data"
    assert "it takes text, image, video" in message


@pytest.mark.parametrize(
    ("part", "path", "why"),
    [
        ({"type": "image_url", "image_url": "nowhere"}, "image_url", "http(s) URL or a data URL"),
        ({"type": "image_url", "image_url": {}}, "image_url.url", "required"),
        ({"type": "image_url", "image_url": 7}, "image_url", "a URL or an object with a url"),
        ({"type": "image_url"}, "image_url", "required"),
        ({"type": "image"}, "", "text, image_url, video_url or input_audio"),
        (media.image(b"some text"), "image_url.url", "not an image"),
        (media.image(media.IMAGE[:-40]), "image_url.url", "broken image"),
        (media.image(media.AUDIO), "image_url.url", "not an image"),
        (media.image(b""), "image_url.url", "is empty"),
        (media.image(files.file_of(Image.new("1", (3000, 2000)))), "image_url.url", "4000000"),
        (media.image(files.file_of(Image.new("1", (2000, 4)))), "image_url.url", "200 times"),
        (media.video(media.VIDEO[: len(media.VIDEO) // 2]), "video_url.url", "broken video"),
        (media.video(media.AUDIO), "video_url.url", "no video track"),
        (media.audio(media.IMAGE), "input_audio.data", "no audio track"),
        (media.audio(form="midi"), "input_audio.format", "must be 'wav'"),
        (media.audio(files.audio(files.tone(31))), "input_audio.data", "30 seconds"),
        (
            {"type": "input_audio", "input_audio": {"data": "§§§", "format": "wav"}},
            "input_audio.data",
            "not valid base64",
        ),
    ],
)
def test_unreadable_media_are_refused_with_the_part_and_the_reason(
    media_client: httpx.Client, part: dict[str, Any], path: str, why: str
) -> None:
    param, message = refusal(media_client, media.ask(part, media.text()))
    assert param == ".".join(filter(None, [PART, path]))
    assert message.startswith(param)
    assert why in message


def test_the_examples_of_the_document_run(media_server: RunningServer, tmp_path: Path) -> None:
    document = (ROOT / "docs/how-to/media.md").read_text(encoding="utf-8")
    (tmp_path / "circle.png").write_bytes(media.IMAGE)
    url = media.data_url(media.IMAGE, "image/png")
    curl = re.search(r"\$ (curl .*?\}')\n", document, re.DOTALL)
    python = re.search(r"```python\n(.*?)```", document, re.DOTALL)
    assert curl and python
    for program, code in (["sh", "-c"], curl[1]), ([sys.executable, "-c"], python[1]):
        changed = code.replace("https://example.com/circle.png", url).replace("sk-palaver-…", KEY)
        changed = changed.replace("http://127.0.0.1:8000", media_server.url)
        ended = subprocess.run(
            [*program, changed],
            env=os.environ | {"PALAVER_API_KEY": KEY},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout  # at least a line: a model with random weights may write blanks
        assert '"error"' not in ended.stdout


def test_damaged_files_get_a_400_of_their_part_and_leave_nothing_behind(
    media_client: httpx.Client, media_server: RunningServer
) -> None:
    hostile.send(media_client, 10, seed=0)
    before = hostile.memory_bytes(media_server)
    outcome = hostile.send(media_client, 50, seed=2)
    assert not outcome.faults
    assert outcome.statuses[400] > 25
    assert hostile.memory_bytes(media_server) - before < 16 * 2**20


def test_media_are_limited_in_number(media_client: httpx.Client) -> None:
    assert answer(media_client, media.ask(*[media.image()] * 8))
    path, message = refusal(media_client, media.ask(*[media.image()] * 9))
    assert path == "messages"
    assert "8 are the limit" in message


def test_media_in_an_assistant_message_are_refused(media_client: httpx.Client) -> None:
    messages = [
        {"role": "assistant", "content": [media.image()]},
        {"role": "user", "content": "?"},
    ]
    path, message = refusal(media_client, media.ask(messages=messages))
    assert path == PART
    assert "messages of an assistant are text" in message


def test_a_marker_in_a_text_is_not_treated_as_an_image(media_client: httpx.Client) -> None:
    path, message = refusal(media_client, media.ask(media.image(), media.text("<|image_pad|>")))
    assert path == "messages"
    assert "has 2 markers for image input, but the request has 1;" in message
    assert content(answer(media_client, media.ask(media.text("<|image_pad|>"))))


def test_media_that_fill_the_window_are_refused_with_both_lengths(
    media_client: httpx.Client,
) -> None:
    long = files.file_of(files.halves(size=(160, 160)))
    clips = [media.audio(files.audio(files.tone(29))) for _ in range(7)]
    path, message = refusal(media_client, media.ask(*clips, media.image(long)))
    assert path == "messages"
    assert "2048" in message


def test_urls_into_private_networks_are_refused(media_client: httpx.Client) -> None:
    with media.hosted({"/a.png": media.IMAGE}) as url:
        for host in (url, url.replace("127.0.0.1", "localhost"), "http://169.254.169.254"):
            part = {"type": "image_url", "image_url": {"url": f"{host}/a.png"}}
            path, message = refusal(media_client, media.ask(part))
            assert path == f"{PART}.image_url.url"
            assert "not a public address" in message


@pytest.mark.spec("S08", "S09", "S10")
def test_media_are_fetched_from_urls(tmp_path_factory: pytest.TempPathFactory) -> None:
    content_of = {"/a.png": media.IMAGE, "/b.mp4": media.VIDEO, "/c.mp3": media.MP3}
    environment = {"PALAVER_ALLOW_PRIVATE_URLS": "true"}
    arguments = ["--model", f"omni={HERE / 'omni'}"]
    folder = tmp_path_factory.mktemp("fetching")
    with (
        media.hosted(content_of) as url,
        running_server(folder, *arguments, environment=environment) as server,
        server.client() as client,
    ):
        audio = {"data": f"{url}/c.mp3", "format": "mp3"}
        by_url: list[dict[str, Any]] = [
            {"type": "image_url", "image_url": {"url": f"{url}/to/a.png"}},
            {"type": "video_url", "video_url": f"{url}/b.mp4"},
            {"type": "input_audio", "input_audio": audio},
        ]
        by_data = [media.image(), media.video(), media.audio(media.MP3, "mp3")]
        for fetched, sent in zip(by_url, by_data, strict=True):
            expected = content(answer(client, media.ask(sent)))
            assert content(answer(client, media.ask(fetched))) == expected
        path, message = refusal(client, media.ask({"type": "image_url", "image_url": f"{url}/x"}))
        assert path == f"{PART}.image_url"
        assert "404" in message
