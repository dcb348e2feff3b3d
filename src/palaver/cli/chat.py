"""``palaver chat``: talk to a model in the terminal."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from palaver.cli.options import option
from palaver.cli.own_server import own_server
from palaver.cli.player import Player
from palaver.models.catalogue import BUILT_IN_NAME

_HELP = """\
/help             this list
/system TEXT      set the system prompt and start again
/think            switch thinking on or off
/model NAME       talk to another model
/models           list the models
/speak [VOICE]    switch spoken answers on or off
/reset            forget the conversation
/quit             end the chat (also Ctrl-D)"""


@dataclass
class Conversation:
    """The messages so far, and the options of the next request.

    Attributes:
        model: Name of the model that answers.
        is_thinking: Whether thinking is on.
        is_spoken: Whether answers are spoken.
        voice: Name of the voice; ``None`` for the server's default.
        messages: The messages so far.
    """

    model: str
    is_thinking: bool = False
    is_spoken: bool = False
    voice: str | None = None
    messages: list[dict[str, str]] = field(default_factory=list)


def chat(
    url: Annotated[
        str | None, typer.Option(help="A running server; by default, one is started for the chat.")
    ] = None,
    key: Annotated[str | None, typer.Option(envvar="PALAVER_API_KEY", help="Its API key.")] = None,
    talk_to: Annotated[str, typer.Option("--to", help="Name of the model.")] = BUILT_IN_NAME,
    system: Annotated[str | None, typer.Option(help="A system prompt.")] = None,
    think: Annotated[bool, typer.Option("--think", help="Switch thinking on.")] = False,
    speak: Annotated[
        bool, typer.Option("--speak", help="Speak answers: play them, or write them to files.")
    ] = False,
    voice: Annotated[str | None, typer.Option(help="Name of the voice.")] = None,
    model: Annotated[list[str] | None, option("models")] = None,
) -> None:
    """Talk to a model; /help lists the commands."""
    console = Console(highlight=False)
    conversation = Conversation(talk_to, think, speak or voice is not None, voice)
    if system:
        conversation.messages.append({"role": "system", "content": system})
    with contextlib.ExitStack() as stack:
        if url is None:
            key = key or secrets.token_urlsafe(16)
            url = stack.enter_context(own_server(key, model or []))
        client = stack.enter_context(
            httpx.Client(
                base_url=url,
                headers={"Authorization": f"Bearer {key}"},
                timeout=httpx.Timeout(None),
            )
        )
        console.print(Text(f"{conversation.model} is ready. /help lists commands.", style="dim"))
        _talk(console, client, conversation)


def _talk(console: Console, client: httpx.Client, conversation: Conversation) -> None:
    while True:
        try:
            line = console.input("[bold green]› [/bold green]").strip()
        except (EOFError, KeyboardInterrupt):
            console.print()
            return
        if line == "/quit":
            return
        if line.startswith("/"):
            _run_command(console, client, conversation, line)
        elif line:
            _ask(console, client, conversation, line)


def _run_command(
    console: Console, client: httpx.Client, conversation: Conversation, line: str
) -> None:
    command, _, argument = line.partition(" ")
    match command:
        case "/help":
            console.print(_HELP, markup=False)
        case "/system":
            conversation.messages = [{"role": "system", "content": argument}] if argument else []
        case "/think":
            conversation.is_thinking = not conversation.is_thinking
            console.print(f"[dim]thinking is {'on' if conversation.is_thinking else 'off'}[/dim]")
        case "/speak":
            conversation.voice = argument or conversation.voice
            conversation.is_spoken = bool(argument) or not conversation.is_spoken
            state = "spoken" if conversation.is_spoken else "silent"
            console.print(f"[dim]answers are {state}[/dim]")
        case "/model" if argument:
            conversation.model = argument
        case "/models":
            _list_models(console, client)
        case "/reset":
            conversation.messages = [m for m in conversation.messages if m["role"] == "system"]
        case _:
            console.print(Text(f"{command} is not a command; /help lists them", style="dim"))


def _list_models(console: Console, client: httpx.Client) -> None:
    try:
        for entry in client.get("/v1/models").raise_for_status().json()["data"]:
            console.print(entry["id"], markup=False)
    except httpx.HTTPError as error:
        console.print(Text(str(error), style="red"), soft_wrap=True)


def _ask(console: Console, client: httpx.Client, conversation: Conversation, text: str) -> None:
    """Run one turn; an interrupted answer stays in the conversation as far as it came."""
    conversation.messages.append({"role": "user", "content": text})
    answer = ""
    player = Player(Path.cwd())
    try:
        for delta in _stream(client, conversation):
            reasoning = Text(delta.get("reasoning_content", ""), style="dim italic")
            console.print(reasoning, end="", soft_wrap=True)
            if (content := delta.get("content", "")) and not answer and conversation.is_thinking:
                console.print("\n")
            answer += content
            console.print(content, markup=False, end="", soft_wrap=True)
            player.feed(base64.b64decode(delta.get("audio", {}).get("data", "")))
        if path := player.finish():
            console.print(f"\n[dim]{escape(str(path))}[/dim]", end="", soft_wrap=True)
    except KeyboardInterrupt:
        console.print(" …", end="")
    except httpx.HTTPError as error:
        console.print(Text(str(error), style="red"), end="", soft_wrap=True)
        conversation.messages.pop()
        return
    finally:
        console.print()
    conversation.messages.append({"role": "assistant", "content": answer})


def _stream(client: httpx.Client, conversation: Conversation) -> Iterator[dict[str, Any]]:
    body: dict[str, Any] = {
        "model": conversation.model,
        "messages": conversation.messages,
        "stream": True,
        "temperature": 0,
        "enable_thinking": conversation.is_thinking,
        "separate_reasoning": True,
    }
    if conversation.is_spoken:
        body |= {"modalities": ["text", "audio"], "audio": {"voice": conversation.voice}}
    with client.stream("POST", "/v1/chat/completions", json=body) as response:
        if response.is_error:
            raise httpx.HTTPError(json.loads(response.read())["message"])
        for line in response.iter_lines():
            data = line.removeprefix("data: ")
            if data in (line, "[DONE]"):
                continue
            event = json.loads(data)
            if "error" in event:
                raise httpx.HTTPError(event["message"])
            yield from (choice["delta"] for choice in event["choices"])
