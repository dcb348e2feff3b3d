"""Hostile media files, fuzzed from good ones, sent to a server of its own.

``python -m tests.api.hostile 500`` sends 500 files and prints the results. A damaged file may
still be a good one; what counts is that each gets a 400 that names its part, or an answer, in time,
and that memory is afterwards where it was.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.api import media
from tests.media import files
from tests.multimodal.model import HERE
from tests.server import RunningServer, running_server

PATH = "/v1/chat/completions"
_IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_SIZES = (b"\xff" * 4, b"\x7f" + b"\xff" * 3, b"\0" * 4)


def _good_files() -> dict[str, list[bytes]]:
    image = files.halves(size=(96, 64))
    images = [files.file_of(image, form) for form in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")]
    clips = [
        media.AUDIO,
        media.MP3,
        files.audio(files.tone(0.5), "flac", "flac"),
        files.audio(files.tone(0.5, rate_hz=48_000), "ogg", "libopus", 48_000),
        files.audio(files.tone(0.5), "mp4", "aac"),
    ]
    return {"image": images, "video": [media.VIDEO], "audio": clips}


GOOD = _good_files()
KINDS = list(GOOD)


def damaged(rng: random.Random, content: bytes) -> bytes:
    """The file cut off, with bytes changed, or with parts inserted, removed or repeated."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 3, 20))):
        at = rng.randrange(max(len(changed), 1))
        match rng.randrange(6):
            case 0:
                del changed[at:]
            case 1:
                changed[at : at + 1] = rng.randbytes(1)
            case 2:  # sizes are near the beginning of a file
                place = min(at, rng.randrange(64))
                changed[place : place + 4] = rng.choice(_SIZES)
            case 3:
                changed[at:at] = rng.randbytes(rng.randrange(1, 400))
            case 4:
                del changed[at : at + rng.randrange(1, 400)]
            case 5:
                changed += changed[: rng.randrange(1, 4000)]
    return bytes(changed)


def part(rng: random.Random) -> dict[str, Any]:
    """A part with a damaged file, sometimes of another kind than the part declares."""
    kind = rng.choice(KINDS)
    of = rng.choice(KINDS) if rng.random() < 0.15 else kind
    content = damaged(rng, rng.choice(GOOD[of])) or b"\0"
    if kind == "image":
        return media.image(content)
    return media.video(content) if kind == "video" else media.audio(content)


@dataclass
class Outcome:
    """The results of all files.

    Attributes:
        statuses: How often each HTTP status came.
        slowest_s: The longest time that a file took.
        faults: Answers that were neither a 400 of the part nor a completion.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    slowest_s: float = 0.0
    faults: list[str] = field(default_factory=list)


def send(client: httpx.Client, num_files: int, seed: int) -> Outcome:
    """Send damaged files one by one."""
    rng = random.Random(seed)
    outcome = Outcome()
    for _ in range(num_files):
        begin_s = time.monotonic()
        body = media.ask(part(rng), media.text(), max_tokens=1)
        response = client.post(PATH, json=body)
        outcome.slowest_s = max(outcome.slowest_s, time.monotonic() - begin_s)
        outcome.statuses[response.status_code] += 1
        is_named = response.status_code == 200 or "messages[0].content[0]" in response.text
        is_too_long = "context window" in response.text  # a valid file, but a very large image
        if response.status_code not in (200, 400) or not (is_named or is_too_long):
            outcome.faults.append(response.text[:300])
    return outcome


def memory_bytes(server: RunningServer) -> int:
    """Memory of the server's process."""
    pages = Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]
    return int(pages) * 4096


def main() -> None:
    """Send as many files as the command line says, and print the results."""
    num_files = int(sys.argv[1])
    arguments = ["--model", f"omni={HERE / 'omni'}"]
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder), *arguments) as server,
        server.client() as client,
    ):
        send(client, 20, seed=0)
        before = memory_bytes(server)
        outcome = send(client, num_files, seed=1)
        grown = (memory_bytes(server) - before) / 2**20
        figures = f"slowest {outcome.slowest_s:.2f} s, {grown:+.1f} MiB"
        lines = [f"{dict(outcome.statuses)} {figures}", *outcome.faults]
        sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
