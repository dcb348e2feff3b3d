"""An answer in text and audio: ``python examples/speech.py`` with PALAVER_API_KEY set.

It prints the text as it comes and writes the audio to a file.
"""

import base64
import os
import tempfile
import wave
from pathlib import Path

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8000") + "/v1",
    api_key=os.environ["PALAVER_API_KEY"],
)
stream = client.chat.completions.create(
    model="palaver/tiny",
    messages=[{"role": "user", "content": "Hello! Who are you?"}],
    modalities=["text", "audio"],
    audio={"voice": "alto", "format": "pcm16"},
    stream=True,
)
path = Path(tempfile.gettempdir()) / "answer.wav"
with wave.open(str(path), "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(24_000)
    for chunk in stream:
        delta = chunk.choices[0].delta
        print(delta.content or "", end="", flush=True)
        if delta.audio and delta.audio.data:
            file.writeframes(base64.b64decode(delta.audio.data))
print(f"\n{path}")
