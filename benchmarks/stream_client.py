"""A client of streams that costs little: raw connections, read in one process by one thread.

``python -m benchmarks.stream_client URL KEY`` takes a JSON list on its standard input, for each
connection a list of bodies that it sends one after another, and opens all connections at once.
While the answers come it only receives and takes the time of every piece; what was in the pieces is
looked at when all is over. Then it prints, for each connection, when its pieces with text came: as
this process read them, and as the kernel received them, which leaves out what it waited for a
processor. Pieces that bear several events count once for each of them.

With ``--forever`` the lists are repeated until SIGTERM, nothing is timed, and the number of whole
answers is printed.
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

Piece = tuple[float, float, bytes]
"""When it was read, when the kernel received it, and what it was."""


class Talk:
    """One connection and the requests that it sends, one after another.

    Args:
        address: Where the server listens.
        requests: Whole requests.
    """

    def __init__(self, address: tuple[str, int], requests: Iterator[bytes]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, _RECEIVED_BY_SOFTWARE)
        self.pieces: list[Piece] = []
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
        """Take what has come; whether the answer is whole with it."""
        content, stamps, _, _ = self.socket.recvmsg(_NUM_BYTES, 128)
        read_s = time.perf_counter()
        if not content:
            raise ConnectionError(f"the server hung up after {self._answer[:400]!r}")
        if is_timed:
            self.pieces.append((read_s, _received_s(stamps), content))
        self._answer = (self._answer + content)[-4096:] if self._answer else content
        if not _is_whole(self._answer):
            return False
        self.num_answers += 1
        return True


def _received_s(stamps: list[tuple[int, int, bytes]]) -> float:
    """The kernel's time of the last byte, by the wall clock; 0 if it has none."""
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
    """A request as it goes over the wire."""
    content = json.dumps(body).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def run(talks: list[Talk], *, is_timed: bool) -> None:
    """Have all answers, those of different connections at the same time."""
    waiting = select.epoll()
    by_number = {talk.socket.fileno(): talk for talk in talks}
    for number, talk in by_number.items():
        waiting.register(number, select.EPOLLIN)
        talk.ask()
    num_open = len(talks)
    while num_open:
        for number, _ in waiting.poll():
            talk = by_number[number]
            if talk.read(is_timed=is_timed) and not talk.ask():
                waiting.unregister(number)
                num_open -= 1


def times_ms(talk: Talk, offset_s: float) -> dict[str, list[float]]:
    """When each event with text came, in ms; ``offset_s`` is the wall clock's lead."""
    read: list[float] = []
    received: list[float] = []
    for read_s, received_s, content in talk.pieces:
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
    talks = []
    for bodies in json.load(sys.stdin):
        requests = [request_bytes(options.url, options.key, body) for body in bodies]
        source = cycle(requests) if options.forever else iter(requests)
        talks.append(Talk((str(parts.hostname), int(parts.port or 80)), source))
    gc.disable()  # a full collection takes longer than a token
    if options.forever:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        try:
            run(talks, is_timed=False)
        finally:
            print(sum(talk.num_answers for talk in talks))
    run(talks, is_timed=True)
    offset_s = time.time() - time.perf_counter()
    print(json.dumps([times_ms(talk, offset_s) for talk in talks]))


if __name__ == "__main__":
    main()
