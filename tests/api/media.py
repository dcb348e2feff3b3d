"""Parts with images, video and audio, and a server that hosts files."""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.media import files

IMAGE = files.file_of(files.halves(size=(192, 160)))
OTHER_IMAGE = files.file_of(files.halves(files.GREEN, files.BLUE, (192, 160)))
VIDEO = files.video()
AUDIO = files.audio(files.tone(1.5))
MP3 = files.audio(files.tone(1.5), "mp3", "mp3")


def data_url(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def text(content: str = "What is it?") -> dict[str, Any]:
    return {"type": "text", "text": content}


def image(content: bytes = IMAGE, **options: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": data_url(content, "image/png")} | options}


def video(content: bytes = VIDEO) -> dict[str, Any]:
    return {"type": "video_url", "video_url": {"url": data_url(content, "video/mp4")}}


def audio(content: bytes = AUDIO, form: str = "wav") -> dict[str, Any]:
    data = base64.b64encode(content).decode()
    return {"type": "input_audio", "input_audio": {"data": data, "format": form}}


def ask(*parts: dict[str, Any], model: str = "omni", **fields: Any) -> dict[str, Any]:
    """A request body: one message of these parts."""
    messages = [{"role": "user", "content": list(parts)}]
    body = {"model": model, "messages": messages, "temperature": 0, "max_tokens": 12}
    return body | fields


@contextlib.contextmanager
def hosted(content: dict[str, bytes]) -> Iterator[str]:
    """The URL of a server on this machine that has these files, and redirects ``/to/PATH``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/to/"):
                self.send_response(302)
                self.send_header("Location", self.path.removeprefix("/to"))
                self.end_headers()
                return
            found = content.get(self.path)
            self.send_response(200 if found is not None else 404)
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
