"""Malformed JSON, and JSON that is not a valid request."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest

from tests.api.test_errors import assert_error
from tests.server import RunningServer, chat

PATH = "/v1/chat/completions"
JSON = {"Content-Type": "application/json"}
BODY = json.dumps(chat(max_tokens=1)).encode()


def post(client: httpx.Client, content: bytes, **headers: str) -> httpx.Response:
    return client.post(PATH, content=content, headers=JSON | headers)


def with_member(member: bytes) -> bytes:
    return BODY[:-1] + b", " + member + b"}"


@pytest.mark.spec("S02")
@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (with_member(b'"max_tokens": 2'), ["duplicate", '"max_tokens"', "line 1"]),
        (with_member(b'"metadata": {"a": "b", "a": "c"}'), ["duplicate", '"a"', "line 1"]),
        (with_member(b'"top_p": NaN'), ["line 1 column"]),
        (with_member(b'"top_p": -Infinity'), ["line 1 column"]),
        (with_member(b'"x": ' + b"9" * 5000), ["out of range", "line 1"]),
        (with_member(b'"x": "\\ud800"'), ["line 1 column"]),
        (with_member(b'"x": "\\udc00\\ud800"'), ["line 1 column"]),
        (with_member(b'"x": "\xed\xa0\x80"'), ["line 1 column"]),
        (with_member(b'"x": "\xff"'), ["line 1 column"]),
        (with_member(b'"x": "\0"'), ["control character", "line 1"]),
        (with_member(b'"x": ' + b"[" * 250 + b"]" * 250), ["recursion limit", "line 1"]),
        (with_member(b'"x": ' + b'{"a":' * 250 + b"1" + b"}" * 250), ["recursion", "line 1"]),
        (b"\xef\xbb\xbf" + BODY, ["line 1 column 1"]),
        (BODY.decode().encode("utf-16"), ["line 1 column 1"]),
        (BODY + BODY, ["trailing characters", "line 1"]),
        (BODY[:-1], ["EOF", "line 1"]),
        (b"\0" * 100, ["line 1 column 1"]),
        (b"model=palaver%2Ftiny", ["line 1 column 1"]),
    ],
)
def test_malformed_json_is_400_with_its_position(
    client: httpx.Client, content: bytes, parts: list[str]
) -> None:
    assert_error(post(client, content), 400, "INVALID_REQUEST_BODY", "not valid JSON", *parts)


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"1" + b"0" * 400 + b".5"])
@pytest.mark.parametrize(
    ("member", "path"),
    [(b'"top_p": %s', "top_p"), (b'"x": {"y": [0, %s]}', "x.y[1]")],
)
def test_a_number_outside_double_precision_is_400(
    client: httpx.Client, number: bytes, member: bytes, path: str
) -> None:
    response = post(client, with_member(member.replace(b"%s", number)))
    assert_error(response, 400, "INVALID_REQUEST_BODY", f"{path}: must be a finite number")
    assert response.json()["error"]["param"] == path


def test_too_many_values_are_refused_before_any_is_checked(
    client: httpx.Client,
) -> None:
    content = b'{"model": "palaver/tiny", "messages": [' + b"{}," * 4_000_000 + b"{}]}"
    response = post(client, content)
    assert_error(response, 400, "INVALID_REQUEST_BODY", "250000 values")
    assert "messages" not in response.text, "each of them lacks a role, which is not the message"


@pytest.mark.parametrize(
    ("start", "item", "end", "param"),
    [
        (b'"messages": [', b"0", b"]", "messages[0]"),
        (b'"messages": [{"role": "user", "content": [', b"0", b"]}]", "messages[0].content[0]"),
        (b'"messages": [{"role": "user", "content": ""}], "stop": [', b"0", b"]", "stop"),
    ],
)
def test_a_long_list_of_wrong_elements_is_refused_at_the_first(
    client: httpx.Client, start: bytes, item: bytes, end: bytes, param: str
) -> None:
    content = b'{"model": "palaver/tiny", ' + start + (item + b",") * 200_000 + item + end + b"}"
    response = post(client, content)
    assert_error(response, 400, "INVALID_REQUEST_BODY", param)
    assert response.json()["error"]["param"].startswith(param)


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "gzip, br"])
def test_a_compressed_body_is_415_and_the_encoding_is_named(
    client: httpx.Client, encoding: str
) -> None:
    response = post(client, BODY, **{"Content-Encoding": encoding})
    assert_error(response, 415, "UNSUPPORTED_MEDIA_TYPE", "Content-Encoding", encoding)


def test_a_chunked_body_without_a_length_is_read(client: httpx.Client) -> None:
    parts = (BODY[i : i + 7] for i in range(0, len(BODY), 7))
    assert client.post(PATH, content=parts, headers=JSON).status_code == 200


@pytest.mark.parametrize("text", ["\0", "a\0b", "\x01\x7f\x9f", "\u202e", "\ufffe", "😀" * 50, " "])
def test_unusual_characters_are_accepted(client: httpx.Client, text: str) -> None:
    body = chat(text, max_tokens=1, user=text, stop=[text], metadata={text: text})
    assert client.post(PATH, json=body).status_code == 200


@pytest.mark.spec("S39")
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"max_tokens": 10**30, "context_length_exceeded_behavior": "error"}, 400),
        ({"seed": -(2**63)}, 200),
        ({"seed": 2**64 - 1}, 200),
        ({"seed": 2**64}, 400),
        ({"seed": 10**300}, 400),
        ({"temperature": 5e-324}, 200),
        ({"temperature": 2}, 200),
        ({"temperature": 2.0000000000000004}, 400),
        ({"top_p": 5e-324, "temperature": 1}, 200),
        ({"min_p": 1, "temperature": 1}, 200),
        ({"repetition_penalty": 5e-324}, 200),
        ({"repetition_penalty": 5e-324, "temperature": 1, "top_p": 0.9}, 200),
        ({"logit_bias": {"0": 100, "00": -100}}, 400),
        ({"logit_bias": {"-1": 1}}, 400),
        ({"logit_bias": {"4096000": 1}}, 400),
        ({"logit_bias": {"9" * 4000: 1}}, 400),
        ({"logit_bias": {"٣": 1}}, 400),
        ({"logit_bias": {str(i): -100 for i in range(4096)}}, 400),
        ({"n": 128}, 200),
        ({"n": 2.0, "max_tokens": 1.0, "seed": 5.0, "top_k": -0.0}, 200),
        ({"n": 2.5}, 400),
        ({"seed": 1e300}, 400),
    ],
)
def test_extreme_values_are_answered_or_refused(
    client: httpx.Client, fields: dict[str, Any], status: int
) -> None:
    response = client.post(PATH, json=chat(**{"max_tokens": 1} | fields))
    assert response.status_code == status, response.text


def test_an_error_message_stays_short_for_any_input(client: httpx.Client) -> None:
    bodies = [
        chat(model="x" * 10**6),
        chat(metadata={"y" * 10**6: 5}),
        chat(messages=[{"role": "z" * 10**6, "content": "x"}]),
        chat(tools="w" * 10**6),
    ]
    for body in bodies:
        response = client.post(PATH, json=body)
        assert response.status_code in (400, 404)
        assert len(response.content) < 4000


def test_a_huge_text_is_refused_before_tokenization_while_others_are_answered(
    server: RunningServer,
) -> None:
    content = json.dumps(chat("hello there, my friend. " * 1_300_000)).encode()
    answers: list[httpx.Response] = []

    def ask() -> None:
        with server.client() as other:
            answers.append(post(other, content))

    asking = threading.Thread(target=ask)
    asking.start()
    num_answered = 0
    with server.client() as client:
        while asking.is_alive():
            assert client.get("/health").status_code == 200
            num_answered += 1
    assert num_answered > 1
    assert_error(answers[0], 400, "INVALID_REQUEST_BODY", "messages", "characters at most")
