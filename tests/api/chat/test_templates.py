"""A model's own chat template, with the extensions of transformers, through the real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from palaver.models.catalogue import BUILT_IN_FOLDER
from tests.server import running_server

PATH = "/v1/chat/completions"
MODEL = "strict/alternating"
TEMPLATE = """\
{{- bos_token }}
{%- for message in messages %}
    {%- if loop.index0 == 3 %}{% continue %}{% endif %}
    {%- if (message.role == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('Conversation roles must alternate user/assistant/...') }}
    {%- endif %}
    {%- if message.name %}{{- '<|im_start|>' + message.name + '\\n' }}
    {%- else %}{{- '<|im_start|>' + message.role + '\\n' }}{% endif %}
    {%- generation %}{{- message.content }}{% endgeneration %}
    {{- '<|im_end|>\\n' }}
{%- endfor %}
{{- '<|im_start|>assistant\\n' + strftime_now('') if add_generation_prompt }}"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server with the built-in model under another template."""
    folder = tmp_path_factory.mktemp("folder")
    for path in BUILT_IN_FOLDER.iterdir():
        (folder / path.name).symlink_to(path)
    template = folder / "chat_template.jinja"
    template.unlink()
    template.write_text(TEMPLATE, encoding="utf-8")
    data = tmp_path_factory.mktemp("data")
    with running_server(data, "--model", f"{MODEL}={folder}") as server, server.client() as client:
        yield client


def ask(client: httpx.Client, model: str, *messages: dict[str, Any], **fields: Any) -> Any:
    body = {"model": model, "messages": list(messages), "temperature": 0, "max_tokens": 12}
    return client.post(PATH, json=body | fields)


def said(role: str, content: str, **fields: str) -> dict[str, Any]:
    return {"role": role, "content": content} | fields


@pytest.mark.spec("S12")
@pytest.mark.spec("S04")
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_conversation_that_a_template_refuses_is_a_400_with_the_templates_message(
    client: httpx.Client, is_stream: bool
) -> None:
    messages = [said("user", "Hi"), said("user", "Hello?")]
    response = ask(client, MODEL, *messages, stream=is_stream)
    assert response.status_code == 400
    body = response.json()
    assert body["reason"] == "INVALID_REQUEST_BODY"
    assert body["error"]["param"] == "messages"
    assert "refuses this conversation: Conversation roles must alternate" in body["message"]
    assert ask(client, "palaver/tiny", *messages).status_code == 200


@pytest.mark.spec("S13")
def test_a_name_reaches_a_template_that_takes_it(client: httpx.Client) -> None:
    plain, named = (
        ask(client, MODEL, said("user", "Hi", **fields)).json()["usage"]["prompt_tokens"]
        for fields in ({}, {"name": "a_rather_long_name_of_somebody_who_asks"})
    )
    assert named > plain + 5


@pytest.mark.spec("S12")
def test_a_template_may_use_continue_and_break_as_in_transformers(client: httpx.Client) -> None:
    turns = [said("user", "Hi"), said("assistant", "Hello!"), said("user", "Who are you?")]
    usages = [
        ask(client, MODEL, *turns, *more).json()["usage"]["prompt_tokens"]
        for more in ([], [said("assistant", "I am palaver/tiny, and this is skipped.")])
    ]
    assert usages[0] == usages[1]


@pytest.mark.spec("S38")
def test_thinking_cannot_be_enabled_if_the_template_has_no_switch(
    client: httpx.Client,
) -> None:
    plain, thinking = (
        ask(client, MODEL, said("user", "Hi"), **fields).json()["choices"]
        for fields in ({}, {"enable_thinking": True})
    )
    assert plain == thinking
    features = {m["id"]: m["features"] for m in client.get("/v1/models").json()["data"]}
    assert "reasoning" in features["palaver/tiny"]
    assert "reasoning" not in features[MODEL]
