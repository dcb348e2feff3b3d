"""Fetching from a server on this machine, and refusing URLs that are not allowed."""

from __future__ import annotations

import asyncio
import ipaddress
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from palaver.errors import InvalidRequest
from palaver.media import fetch as fetch_module
from palaver.media.fetch import Fetcher
from palaver.media.limits import MediaLimits

_LIMITS = MediaLimits(allow_private_addresses=True, max_bytes=1000, fetch_timeout_s=2)
_PUBLIC = replace(_LIMITS, allow_private_addresses=False)


_may_answer = threading.Event()
"""Never set: a handler that waits for it never answers."""


class _Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        if self.path == "/file":
            self._answer(200, b"content")
        elif self.path == "/large":
            self._answer(200, b"x" * 1001)
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(b"x" * 100)
        elif self.path == "/packed":
            self.send_response(200)
            self.send_header("Content-Encoding", "zstd")
            self.end_headers()
            self.wfile.write(b"x")
        elif self.path == "/slow":
            _may_answer.wait()
        elif self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
        else:
            self._answer(404, b"")

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *arguments: object) -> None:
        """A client that disconnects is no error."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _fetch(url: str, limits: MediaLimits = _LIMITS) -> bytes:
    async def fetch() -> bytes:
        fetcher = Fetcher(limits)
        try:
            return await fetcher.fetch(url, "messages[0].content[1].image_url.url")
        finally:
            await fetcher.close()

    return asyncio.run(fetch())


def _refusal(url: str, limits: MediaLimits = _LIMITS) -> str:
    with pytest.raises(InvalidRequest) as refusal:
        _fetch(url, limits)
    assert refusal.value.param == "messages[0].content[1].image_url.url"
    assert refusal.value.message.startswith("messages[0].content[1].image_url.url: ")
    return refusal.value.message


def test_a_file_is_fetched_directly_and_through_redirects(url: str) -> None:
    assert _fetch(f"{url}/file") == b"content"
    assert _fetch(f"{url}/to//to//to//file") == b"content"


def test_too_many_redirects_are_refused(url: str) -> None:
    assert "redirects more than 3 times" in _refusal(f"{url}/to//to//to//to//file")


@pytest.mark.parametrize("path", ["large", "endless"])
def test_a_file_that_is_too_large_is_refused_declared_or_not(url: str, path: str) -> None:
    assert "1000 are the limit" in _refusal(f"{url}/{path}")


def test_fetching_from_a_slow_server_times_out(url: str) -> None:
    limits = replace(_LIMITS, fetch_timeout_s=0.3)
    assert "longer than 0.3 seconds" in _refusal(f"{url}/slow", limits)
    assert not _may_answer.is_set(), "it has not answered yet"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("http://127.0.0.1:9/file", ""),
        ("http://no-such-name.invalid/file", "cannot be resolved"),
        ("http://", ""),
        ("http://[::1/", ""),
        ("http://host:port/", ""),
    ],
)
def test_an_unreachable_url_is_refused(bad: str, why: str) -> None:
    assert why in _refusal(bad)


def test_an_error_status_of_the_server_is_reported(url: str) -> None:
    assert "the server answered 404" in _refusal(f"{url}/nothing")


@pytest.mark.parametrize("scheme", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x/"])
def test_a_redirect_to_another_scheme_is_refused(url: str, scheme: str) -> None:
    assert "cannot be fetched" in _refusal(f"{url}/to/{scheme}")


def test_private_addresses_are_refused_by_number_and_by_name(url: str) -> None:
    port = url.rsplit(":", 1)[1]
    for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0.0.0.0", "[::1]"):
        assert "not a public address" in _refusal(f"http://{host}:{port}/file", _PUBLIC)


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "255.255.255.255", "224.0.0.1", "::1", "::", "fe80::1", "fc00::1", "::ffff:10.0.0.1",
        "2002:0a00:0001::", "64:ff9b::a00:1", "ff02::1",
    ],
)  # fmt: skip
def test_an_address_inside_a_private_network_is_not_public(address: str) -> None:
    assert not fetch_module._is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8"])
def test_other_addresses_are_public(address: str) -> None:
    assert fetch_module._is_public(ipaddress.ip_address(address))


def test_a_redirect_to_a_private_address_is_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ipaddress.ip_address("127.0.0.1")
    monkeypatch.setattr(fetch_module, "_is_public", lambda address: address == here)
    port = url.rsplit(":", 1)[1]
    assert _fetch(f"{url}/to//file", _PUBLIC) == b"content"
    refusal = _refusal(f"{url}/to/http://127.0.0.2:{port}/file", _PUBLIC)
    assert "127.0.0.2" in refusal
    assert "not a public address" in refusal


def test_the_address_that_was_checked_is_the_one_connected_to(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that resolves to another address the second time is resolved only once."""
    monkeypatch.setattr(fetch_module, "_is_public", lambda address: True)
    asked: list[str] = []
    resolve = asyncio.BaseEventLoop.getaddrinfo

    async def once(loop: Any, host: str, *args: Any, **options: Any) -> Any:
        if host == "rebinding.test":
            asked.append(host)
            host = "127.0.0.1"
        return await resolve(loop, host, *args, **options)

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", once)
    port = url.rsplit(":", 1)[1]
    assert _fetch(f"http://rebinding.test:{port}/file", _PUBLIC) == b"content"
    assert asked == ["rebinding.test"]


def test_an_encoding_that_was_not_asked_for_is_refused(url: str) -> None:
    assert "in the encoding 'zstd'" in _refusal(f"{url}/packed")
