"""A connection's time limits, with a clock that the tests set forward."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from palaver.api import protocol

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
LIMIT_S = protocol.HEAD_TIMEOUT_S


class Clock:
    """The running event loop's clock, set forward where a test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        real_time = loop.time
        self._passed_s = 0.0
        monkeypatch.setattr(loop, "time", lambda: real_time() + self._passed_s)

    def advance(self, seconds: float) -> None:
        """Let timers that are due within ``seconds`` run next."""
        self._passed_s += seconds


class Connection:
    """A client's connection to a server of our protocol."""

    def __init__(self, address: tuple[str, int], clock: Clock) -> None:
        self.address = address
        self.clock = clock

    async def open(self) -> None:
        """Connect."""
        self.reader, self.writer = await asyncio.open_connection(*self.address)

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)

    async def is_closed(self) -> bool:
        """Whether the server closes the connection, without a further answer."""
        return await self.reader.read() == b""

    async def receive_answer(self) -> None:
        """Wait for the answer to a request."""
        assert (await self.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")

    async def wait_for_server(self) -> None:
        """Wait until the server has processed what was sent, and the timers that are due.

        It has when a request on another connection, which comes after them, is answered.
        """
        other = Connection(self.address, self.clock)
        await other.open()
        other.send(HEAD + b"\r\n")
        await other.receive_answer()
        other.writer.close()


Client = Callable[[Connection], Awaitable[None]]
Talk = Callable[[Client], None]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers once the whole body has come."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch) -> Talk:
    """Runs a client against a server of our protocol."""

    async def both(client: Client) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            application, http=protocol.Protocol, ws="none", lifespan="off", log_level="error"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        connection = Connection(listener.getsockname(), Clock(monkeypatch))
        try:
            await connection.open()
            await client(connection)
            connection.writer.close()
        finally:
            server.should_exit = True
            await serving

    return lambda client: asyncio.run(both(client))


@pytest.mark.parametrize("sent", [b"", b"POST", HEAD])
def test_a_connection_without_a_complete_request_is_closed_after_the_limit(
    talk: Talk, sent: bytes
) -> None:
    async def client(connection: Connection) -> None:
        connection.send(sent)
        await connection.wait_for_server()
        connection.clock.advance(LIMIT_S - 1)
        await connection.wait_for_server()
        assert not connection.reader.at_eof()
        connection.clock.advance(LIMIT_S)
        assert await connection.is_closed()

    talk(client)


def test_a_connection_with_an_incomplete_second_request_is_closed(talk: Talk) -> None:
    async def client(connection: Connection) -> None:
        connection.send(HEAD + b"\r\n")
        await connection.receive_answer()
        connection.send(HEAD)
        await connection.wait_for_server()
        connection.clock.advance(LIMIT_S)
        assert await connection.is_closed()

    talk(client)


def test_a_connection_with_a_slow_body_stays_open(talk: Talk) -> None:
    async def client(connection: Connection) -> None:
        connection.send(HEAD + b"Content-Length: 2\r\n\r\n")
        for _ in range(2):
            await connection.wait_for_server()
            connection.clock.advance(2 * LIMIT_S)
            await connection.wait_for_server()
            connection.send(b"x")
        await connection.receive_answer()

    talk(client)
