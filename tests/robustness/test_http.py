"""Raw bytes on a connection that are hardly HTTP."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from shutil import which
from typing import BinaryIO

import httpx
import pytest

from tests.server import KEY, RunningServer, chat

PATH = "/v1/chat/completions"
BODY = json.dumps(chat(max_tokens=1)).encode()


def head(*lines: str, method: str = "POST", path: str = PATH) -> bytes:
    fixed = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {KEY}"]
    return "\r\n".join([*fixed, "Content-Type: application/json", *lines, "", ""]).encode()


def connection(server: RunningServer) -> socket.socket:
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=20)


@pytest.fixture
def raw(server: RunningServer) -> Iterator[socket.socket]:
    with closing(connection(server)) as opened:
        yield opened


def answer(raw: socket.socket) -> tuple[int, bytes]:
    """Status and body of the one expected answer."""
    return answers(raw, 1)[0]


def answers(raw: socket.socket, num: int) -> list[tuple[int, bytes]]:
    """Status and body of the next answers."""
    with raw.makefile("rb") as file:
        return [_answer(file) for _ in range(num)]


def _answer(file: BinaryIO) -> tuple[int, bytes]:
    status = int(file.readline().split()[1])
    length = 0
    while (line := file.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    return status, file.read(length)


def is_closed(raw: socket.socket) -> bool:
    try:
        return raw.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.spec("S04")
@pytest.mark.parametrize(
    "sent",
    [
        b"garbage\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40,
        b"BREW /health HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /caf\xe9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHo st: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX: \0\r\n\r\n",
        head("Content-Length: -5"),
        head("Content-Length: 5", "Content-Length: 6"),
        head("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
        head("Content-Length: " + "9" * 40),
        head("Transfer-Encoding: chunked") + b"zz\r\n",
    ],
)
def test_invalid_http_gets_an_error_of_the_same_form_and_the_connection_is_closed(
    raw: socket.socket, sent: bytes
) -> None:
    raw.sendall(sent)
    status, body = answer(raw)
    assert status == 400
    assert json.loads(body)["error"]["type"] == "invalid_request_error"
    assert is_closed(raw)


def test_endless_headers_are_refused(raw: socket.socket) -> None:
    raw.sendall(head("X: y")[:-2])
    for i in range(3000):
        try:
            raw.sendall(b"X-%d: %s\r\n" % (i, b"y" * 100))
        except (BrokenPipeError, ConnectionResetError):
            return
    status, body = answer(raw)
    assert status == 400
    assert "65536" in json.loads(body)["message"]


def test_a_body_declared_too_large_is_refused_before_it_is_received(raw: socket.socket) -> None:
    raw.sendall(head("Content-Length: 99999999999"))
    status, body = answer(raw)
    assert status == 413
    assert json.loads(body)["reason"] == "REQUEST_TOO_LARGE"


def test_a_body_without_a_declared_length_is_refused_when_it_is_too_large(
    raw: socket.socket,
) -> None:
    raw.sendall(head("Transfer-Encoding: chunked"))
    part = b"100000\r\n" + b" " * 2**20 + b"\r\n"
    for _ in range(33):
        raw.sendall(part)
    assert answer(raw)[0] == 413


def test_a_request_sent_byte_by_byte_is_answered(raw: socket.socket) -> None:
    for byte in head(f"Content-Length: {len(BODY)}") + BODY:
        raw.sendall(bytes([byte]))
    assert answer(raw)[0] == 200


def test_requests_on_one_connection_are_answered_in_their_order(raw: socket.socket) -> None:
    good = head(f"Content-Length: {len(BODY)}") + BODY
    bad = head("Content-Length: 2") + b"[]"
    raw.sendall(good + bad + good)
    assert [status for status, _ in answers(raw, 3)] == [200, 400, 200]


@pytest.mark.parametrize("protocol", ["h2c", "websocket", "nonsense"])
def test_an_upgrade_is_ignored_and_the_body_read(raw: socket.socket, protocol: str) -> None:
    wanted = ["Connection: Upgrade, HTTP2-Settings", f"Upgrade: {protocol}", "HTTP2-Settings: AAMA"]
    raw.sendall(head(*wanted, f"Content-Length: {len(BODY)}", "Expect: 100-continue"))
    go_ahead = b"HTTP/1.1 100 Continue\r\n\r\n"  # comes once the server has read the headers
    assert raw.recv(len(go_ahead), socket.MSG_WAITALL) == go_ahead
    raw.sendall(BODY)
    assert answer(raw)[0] == 200


@pytest.mark.skipif(which("curl") is None, reason="curl is not installed")
def test_curl_asking_for_http_2_is_answered(server: RunningServer) -> None:
    command = ["curl", "--silent", "--http2", "--max-time", "20", f"{server.url}{PATH}"]
    command += ["-H", f"Authorization: Bearer {KEY}", "-H", "Content-Type: application/json"]
    done = subprocess.run([*command, "-d", BODY], capture_output=True, check=True)
    assert json.loads(done.stdout)["object"] == "chat.completion"


def test_a_client_that_disconnects_before_its_whole_body_leaves_nothing_running(
    server: RunningServer,
) -> None:
    for _ in range(20):
        with closing(connection(server)) as raw:
            raw.sendall(head("Content-Length: 5000") + BODY)


@pytest.mark.spec("S04")
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_405_and_the_right_one_is_named(
    client: httpx.Client, method: str
) -> None:
    response = client.request(method, PATH)
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert bool(response.content) == (method != "HEAD")
    if method != "HEAD":
        assert response.json()["reason"] == "METHOD_NOT_ALLOWED"


@pytest.mark.spec("S04")
@pytest.mark.parametrize("path", ["/", "/v1", "/v1/chat", f"{PATH}/", f"/{PATH}", "/%ff%00", "/%"])
def test_unknown_paths_are_404_in_the_same_form(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["reason"] == "NOT_FOUND"


@pytest.mark.parametrize("path", ["/v1/models/palaver/tiny", "/v1/models/palaver%2Ftiny"])
def test_a_models_slash_may_be_encoded_or_not(client: httpx.Client, path: str) -> None:
    assert client.get(path).json()["id"] == "palaver/tiny"
