"""A streaming client with little overhead: raw connections, read by one thread.

``python -m benchmarks.stream_client URL KEY`` takes a JSON list on its standard input, for each
connection a list of bodies that it sends one after another, and opens all connections at once.
While answers arrive, it only receives and records the time of every read; the content is examined
after the end. Then it prints, for each connection, the times of events with text: when this process
read them, and when the kernel received them, which excludes the time that the process waited for a
processor. A read with several events counts once for each of them.

With ``--forever`` the lists are repeated until SIGTERM, nothing is timed, and the number of
complete answers is printed.
"""

from __future__ import annotations

import argparse
import gc
import json
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

_SO_TIMESTAMPING = 37
_RECEIVED_BY_SOFTWARE = 1 << 3 | 1 << 4
_STAMP = struct.Struct("qq")
_ENDS = (b"data: [DONE]\n\n\r\n0\r\n\r\n", b"data: [DONE]\n\n", b"\r\n0\r\n\r\n")
_HEADERS_END = b"\r\n\r\n"
_NUM_BYTES = 1 << 18

Received = tuple[float, float, bytes]
"""The time of a read, the time at which the kernel received the bytes, and the bytes."""


class ClientConnection:
    """One connection and the requests that it sends, one after another.

    Args:
        address: The server's host and port.
        requests: The bytes of each request.
    """

    def __init__(self, address: tuple[str, int], requests: Iterator[bytes]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, _RECEIVED_BY_SOFTWARE)
        self.received: list[Received] = []
        self.num_answers = 0
        self._requests = requests
        self._answer = b""

    def ask(self) -> bool:
        """Send the next request, if there is one."""
        request = next(self._requests, None)
        if request is not None:
            self._answer = b""
            self.socket.sendall(request)
        return request is not None

    def read(self, *, is_timed: bool) -> bool:
        """Read what has arrived; returns whether the answer is complete."""
        content, stamps, _, _ = self.socket.recvmsg(_NUM_BYTES, 128)
        read_s = time.perf_counter()
        if not content:
            raise ConnectionError(f"the server closed the connection after {self._answer[:400]!r}")
        if is_timed:
            self.received.append((read_s, _received_s(stamps), content))
        self._answer = (self._answer + content)[-4096:] if self._answer else content
        if not _is_whole(self._answer):
            return False
        self.num_answers += 1
        return True


def _received_s(stamps: list[tuple[int, int, bytes]]) -> float:
    """When the kernel received the last byte, by the wall clock; 0 if it does not tell."""
    for _, kind, content in stamps:
        if kind == _SO_TIMESTAMPING:
            seconds, nanoseconds = _STAMP.unpack_from(content)
            return float(seconds + nanoseconds * 1e-9)
    return 0.0


def _is_whole(answer: bytes) -> bool:
    head, found, body = answer.partition(_HEADERS_END)
    if found and head.startswith(b"HTTP/1.1"):
        if not head.startswith(b"HTTP/1.1 200"):
            raise ValueError(f"not an answer: {answer[:400]!r}")
        _, is_sized, rest = head.lower().partition(b"content-length: ")
        if is_sized:
            return len(body) >= int(rest.partition(b"\r\n")[0])
    return answer.endswith(b"\r\n0\r\n\r\n")


def request_bytes(url: str, key: str, body: dict[str, Any]) -> bytes:
    """The bytes of an HTTP request."""
    content = json.dumps(body).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def run(connections: list[ClientConnection], *, is_timed: bool) -> None:
    """Send all requests and read their answers, on all connections concurrently."""
    waiting = select.epoll()
    by_number = {connection.socket.fileno(): connection for connection in connections}
    for number, connection in by_number.items():
        waiting.register(number, select.EPOLLIN)
        connection.ask()
    num_open = len(connections)
    while num_open:
        for number, _ in waiting.poll():
            connection = by_number[number]
            if connection.read(is_timed=is_timed) and not connection.ask():
                waiting.unregister(number)
                num_open -= 1


def times_ms(connection: ClientConnection, offset_s: float) -> dict[str, list[float]]:
    """The times of events with text, in ms.

    Args:
        connection: The connection.
        offset_s: Wall clock minus :func:`time.perf_counter`.
    """
    read: list[float] = []
    received: list[float] = []
    for read_s, received_s, content in connection.received:
        num_events = content.count(b'"content":"') - content.count(b'"content":""')
        read += [1000 * read_s] * num_events
        received += [1000 * (received_s - offset_s)] * num_events
    return {"read": read, "received": received}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("key")
    parser.add_argument("--forever", action="store_true")
    options = parser.parse_args()
    parts = urlsplit(options.url)
    connections = []
    for bodies in json.load(sys.stdin):
        requests = [request_bytes(options.url, options.key, body) for body in bodies]
        source = cycle(requests) if options.forever else iter(requests)
        connections.append(ClientConnection((str(parts.hostname), int(parts.port or 80)), source))
    gc.disable()  # a full collection takes longer than a token
    if options.forever:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        try:
            run(connections, is_timed=False)
        finally:
            print(sum(connection.num_answers for connection in connections))
    run(connections, is_timed=True)
    offset_s = time.time() - time.perf_counter()
    print(json.dumps([times_ms(connection, offset_s) for connection in connections]))


if __name__ == "__main__":
    main()
