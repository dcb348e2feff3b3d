"""A server with prepared answers."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Reply: TypeAlias = tuple[int, str, list[bytes]]
"""Status, content type, and the chunks of the body."""


@dataclass
class Peer:
    """A running server, and the requests that it received."""

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    num_connections: int = 0
    num_in_flight: int = 0
    max_in_flight: int = 0


@contextmanager
def running(reply: Callable[[dict[str, Any]], Reply], pause_s: float = 0.0) -> Iterator[Peer]:
    """A server in its own thread, which waits ``pause_s`` before each answer."""
    peer = Peer()
    loop = asyncio.new_event_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer.num_connections += 1
        try:
            while True:
                await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = head.split("content-length:")[1].split()[0]
        body = json.loads(await reader.readexactly(int(length)))
        peer.heads.append(head)
        peer.bodies.append(body)
        peer.num_in_flight += 1
        peer.max_in_flight = max(peer.max_in_flight, peer.num_in_flight)
        status, content_type, chunks = reply(body)
        await asyncio.sleep(pause_s)
        peer.num_in_flight -= 1
        writer.write(
            f"HTTP/1.1 {status} Status\r\ncontent-type: {content_type}\r\n"
            "transfer-encoding: chunked\r\n\r\n".encode()
        )
        for chunk in chunks:
            writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            await asyncio.sleep(0)
        writer.write(b"0\r\n\r\n")

    async def start() -> asyncio.Server:
        return await asyncio.start_server(serve, "127.0.0.1", 0)

    server = loop.run_until_complete(start())
    peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield peer
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
