"""The built-in model recognises spoken digits (row S11).

``RECOGNISER=FOLDER python -m pytest tests/speech/test_recognition.py`` asks another model. The
digits are spoken answers through the API: a ``logit_bias`` makes the built-in model write them.
They are sent back as a user would send them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import product
from typing import Any

import httpx
import pytest

from palaver.chat.model import ChatModel
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.models.formats import open_files
from palaver.speech.voices.espeak.timbres import TIMBRES
from tests.server import MODEL, chat, running_server

pytestmark = [pytest.mark.spec("S11"), pytest.mark.spec("S10")]

PATH = "/v1/chat/completions"
FORMATS = ["wav", "mp3", "flac", "opus"]
ENGLISH = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
WRITTEN = {"en": "0123456789", "zh": "零一二三四五六七八九"}
"""Figures are read in English unless something else stands before them."""
QUESTIONS = {"en": "Which number is said?", "zh": "说的是哪个数字？"}


@pytest.fixture(scope="module")
def recogniser(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[httpx.Client, str]]:
    """A client, and the model that listens."""
    if not (folder := os.environ.get("RECOGNISER")):
        yield request.getfixturevalue("client"), MODEL
        return
    with (
        running_server(tmp_path_factory.mktemp("other"), "--model", f"other={folder}") as server,
        server.client() as client,
    ):
        yield client, "other"


@cache
def writer() -> ChatModel:
    """The model that writes the digits."""
    return open_files(BUILT_IN_FOLDER).chat_model()


def spoken(client: httpx.Client, written: str, voice: str, form: str) -> str:
    """A file in base64 that holds an answer of one character."""
    (token_id,) = writer().tokenizer.encode(written)
    body = chat(
        modalities=["text", "audio"],
        audio={"voice": voice, "format": form},
        logit_bias={str(token_id): 100},
        max_tokens=1,
    )
    response = client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    message = response.json()["choices"][0]["message"]
    assert message["audio"]["transcript"] == written
    data: str = message["audio"]["data"]
    return data


def recognised(client: httpx.Client, model: str, data: str, form: str, question: str) -> str:
    """A model's answer to a question about audio."""
    parts: list[dict[str, Any]] = [
        {"type": "input_audio", "input_audio": {"data": data, "format": form}},
        {"type": "text", "text": question},
    ]
    messages = [{"role": "user", "content": parts}]
    body = {"model": model, "messages": messages, "temperature": 0, "max_tokens": 12}
    response = client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    answer: str = response.json()["choices"][0]["message"]["content"]
    return answer


def digits_in(answer: str) -> set[int]:
    """The numbers that an answer names, in figures or words."""
    named = {word: digit for words in (ENGLISH, WRITTEN["zh"]) for digit, word in enumerate(words)}
    found = re.findall(r"\d+|[a-z]+|[零一二三四五六七八九]", answer.lower())
    return {int(word) if word.isdecimal() else named.get(word, -1) for word in found} - {-1}


@pytest.mark.parametrize("language", QUESTIONS)
def test_spoken_digits_are_recognised_by_the_model(
    recogniser: tuple[httpx.Client, str], language: str
) -> None:
    client, model = recogniser
    listed = {entry["id"]: entry for entry in client.get("/v1/models").json()["data"]}
    if "audio" not in listed[model]["input_modalities"]:
        pytest.skip(f"{model} takes no audio")

    def answer_to(case: tuple[int, tuple[int, str]]) -> str:
        digit, (i, voice) = case
        form = FORMATS[(digit + i) % len(FORMATS)]
        data = spoken(client, WRITTEN[language][digit], voice, form)
        return recognised(client, model, data, form, QUESTIONS[language])

    cases = list(product(range(10), enumerate(TIMBRES)))
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(answer_to, cases))
    wrong = [
        f"{voice} said {digit}, the answer was {answer!r}"
        for (digit, (_, voice)), answer in zip(cases, answers, strict=True)
        if digits_in(answer) != {digit}
    ]
    assert len(wrong) <= len(cases) // 10, "\n".join(wrong)


@pytest.mark.parametrize(
    ("answer", "digits"),
    [
        ("7", {7}),
        ("It is seven.", {7}),
        ("数字是七。", {7}),
        ("7 or 8", {7, 8}),
        ("17", {17}),
        ("?", set()),
    ],
)
def test_digits_are_found_in_figures_and_words(answer: str, digits: set[int]) -> None:
    assert digits_in(answer) == digits
