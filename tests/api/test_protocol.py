"""A connection's time limits, which would take a minute on the real server."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from palaver.api import protocol

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers once the whole body has come."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


def talk(client: Client) -> None:
    """Run a client against a server of our protocol."""

    async def both() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            application, http=protocol.Protocol, ws="none", lifespan="off", log_level="error"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            await asyncio.wait_for(client(reader, writer), timeout=10)
            writer.close()
        finally:
            server.should_exit = True
            await serving

    asyncio.run(both())


@pytest.fixture(autouse=True)
def _short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", 0.2)


@pytest.mark.parametrize("sent", [b"", b"POST", HEAD])
def test_a_connection_without_a_complete_request_is_closed(sent: bytes) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begin_s = time.monotonic()
        writer.write(sent)
        assert await reader.read() == b""
        assert time.monotonic() - begin_s > 0.15

    talk(client)


def test_a_connection_with_an_incomplete_second_request_is_closed() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
        writer.write(HEAD)
        assert await reader.read() == b""

    talk(client)


def test_a_connection_with_a_slow_body_stays_open() -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 2\r\n\r\n")
        for _ in range(2):
            await asyncio.sleep(0.3)
            writer.write(b"x")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")

    talk(client)
