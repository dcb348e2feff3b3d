"""Tests of a client of one's own: ``pytest examples/client_test.py`` with PALAVER_API_KEY set."""

import os

import openai
import pytest
from openai import OpenAI


def remember_name(client: OpenAI, name: str) -> str:
    """What is to be tested: a function that asks a model."""
    answer = client.chat.completions.create(
        model="palaver/tiny",
        messages=[{"role": "user", "content": f"My name is {name}. What is my name?"}],
        seed=1,
        max_tokens=32,
    )
    return answer.choices[0].message.content or ""


@pytest.fixture
def client() -> OpenAI:
    """A client of the server that is under BASE_URL."""
    return OpenAI(
        base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8000") + "/v1",
        api_key=os.environ["PALAVER_API_KEY"],
        max_retries=0,
    )


def test_the_same_seed_gives_the_same_answer(client: OpenAI) -> None:
    answer = remember_name(client, "Ada")
    assert answer
    assert remember_name(client, "Ada") == answer


def test_a_wrong_key_is_an_authentication_error(client: OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError):
        remember_name(client.with_options(api_key="wrong"), "Ada")
