"""A client with little overhead: raw connections that repeat the same request without pause.

``python -m benchmarks.api_client URL KEY BODY CONNECTIONS SECONDS`` prints one JSON line. It only
looks for the end of each answer, so that one core of the client can saturate one of the server.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvloop

_END_OF_STREAM = b"data: [DONE]\n\n\r\n0\r\n\r\n"
_HEADERS_END = b"\r\n\r\n"


@dataclass(slots=True)
class Figures:
    """The figures of all connections together, after the warm-up."""

    begin_s: float
    num_answers: int = 0
    num_bytes: int = 0
    first_byte_s: list[float] = field(default_factory=list)


async def ask_until(
    end_s: float, address: tuple[str, int], request: bytes, figures: Figures
) -> None:
    """One connection's requests, one after another."""
    reader, writer = await asyncio.open_connection(*address)
    while (asked_s := time.perf_counter()) < end_s:
        writer.write(request)
        answer = await reader.read(65536)
        first_byte_s = time.perf_counter() - asked_s
        while not _is_whole(answer):
            more = await reader.read(1 << 20)
            if not more:
                raise ConnectionError(f"the server closed the connection after {answer[:200]!r}")
            answer += more
        if not answer.startswith(b"HTTP/1.1 200"):
            raise ValueError(f"not an answer: {answer[:400]!r}")
        if asked_s >= figures.begin_s:
            figures.num_answers += 1
            figures.num_bytes += len(answer)
            figures.first_byte_s.append(first_byte_s)
    writer.close()


def _is_whole(answer: bytes) -> bool:
    head, found, body = answer.partition(_HEADERS_END)
    if not found:
        return False
    _, is_sized, rest = head.lower().partition(b"content-length: ")
    if is_sized:
        return len(body) >= int(rest.partition(b"\r\n")[0])
    return answer.endswith(_END_OF_STREAM) or body.endswith(b"\r\n0\r\n\r\n")


def request_bytes(url: str, key: str, body: bytes) -> bytes:
    """The bytes of an HTTP request."""
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def ask(url: str, key: str, body: bytes, num_connections: int, seconds: float) -> Figures:
    """The figures of ``num_connections`` in ``seconds``, after a second of warm-up."""
    parts = urlsplit(url)
    address = (str(parts.hostname), int(parts.port or 80))
    figures = Figures(begin_s=time.perf_counter() + 1)
    end_s = figures.begin_s + seconds
    request = request_bytes(url, key, body)
    async with asyncio.TaskGroup() as group:
        for _ in range(num_connections):
            group.create_task(ask_until(end_s, address, request, figures))
    return figures


def main() -> None:
    """The command."""
    url, key, body, num_connections, seconds = sys.argv[1:]
    figures = uvloop.run(ask(url, key, body.encode(), int(num_connections), float(seconds)))
    line = {
        "answers": figures.num_answers,
        "bytes": figures.num_bytes,
        "first_byte_ms": round(1000 * statistics.median(figures.first_byte_s), 3),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
