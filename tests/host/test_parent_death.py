"""Child processes end when their parent is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.host.processes import is_alive, wait_until

_BUSY = """
import asyncio
from palaver.host.child import Child

async def main():
    messages = asyncio.Queue()
    child = Child("tests.host.children", on_message=messages.put_nowait)
    await child.start()
    child.send(b"#")
    fork = int(await messages.get())
    child.send(b"busy")
    print(child.pid, fork, flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""
_VOICE = f"""
import asyncio
from palaver.speech.voices.neural.voice import NeuralModel

async def main():
    model = NeuralModel("robin", {str(Path(__file__).parents[1] / "speech" / "tiny_voice")!r})
    await model.start()
    print(model.pid, flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""
_TALKER = f"""
import asyncio
from pathlib import Path
from palaver.speech.voices.native.talker import TalkerModel

async def main():
    folder = Path({str(Path(__file__).parents[1] / "runtime" / "talker")!r})
    model = TalkerModel("omni", folder, ["alto"])
    await model.start()
    print(model.pid, flush=True)
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
    print(decoder.pid, flush=True)
    await decoder.decode("video", files.video(num_frames=3000))
    await asyncio.sleep(1000)

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "script", [_BUSY, _VOICE, _TALKER, _DECODER], ids=["busy", "voice", "talker", "decoder"]
)
def test_a_child_process_ends_when_its_parent_is_killed(script: str) -> None:
    if script == _VOICE:
        pytest.importorskip("sherpa_onnx")
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as server:
        assert server.stdout
        pids = [int(pid) for pid in server.stdout.readline().split()]
        assert pids
        assert all(map(is_alive, pids))
        server.kill()
    wait_until(lambda: not any(map(is_alive, pids)))
