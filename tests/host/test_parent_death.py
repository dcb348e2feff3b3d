"""What a server has spawned, after the server was killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

_BUSY = """
import multiprocessing, time
from palaver.host.lifeline import end_with_parent

spawn = multiprocessing.get_context("spawn")
with spawn.Pool(1, end_with_parent) as pool:
    pool.apply_async(time.sleep, (1000,))
    print(pool._pool[0].pid, flush=True)
    time.sleep(1000)
"""
_VOICE = f"""
import asyncio
from palaver.speech.neural import NeuralModel

async def main():
    model = NeuralModel("robin", {str(Path(__file__).parents[1] / "speech" / "tiny_voice")!r})
    await model.start()
    print(*model._executor._processes, flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""
_TALKER = f"""
import asyncio
from pathlib import Path
from palaver.speech.native import NativeModel

async def main():
    folder = Path({str(Path(__file__).parents[1] / "runtime" / "talker")!r})
    model = NativeModel("omni", folder, ["alto"])
    await model.start()
    print(*model.executor._processes, flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""
_DECODER = """
import asyncio
from palaver.media.decoder import Decoder
from palaver.media.limits import MediaLimits
from tests.media import files

async def main():
    decoder = Decoder(MediaLimits())
    await decoder.decode("image", files.file_of(files.halves()))
    print(decoder._process.pid, flush=True)
    await decoder.decode("video", files.video(num_frames=3000))
    await asyncio.sleep(1000)

asyncio.run(main())
"""
_TIMEOUT_S = 30


@pytest.mark.parametrize(
    "script", [_BUSY, _VOICE, _TALKER, _DECODER], ids=["busy", "voice", "talker", "decoder"]
)
def test_a_spawned_process_ends_when_its_server_is_killed(script: str) -> None:
    if "neural" in script:
        pytest.importorskip("sherpa_onnx")
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as server:
        assert server.stdout
        pid = int(server.stdout.readline())
        assert _is_alive(pid)
        server.kill()
    deadline = time.monotonic() + _TIMEOUT_S
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_alive(pid)


def _is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody has waited for does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
