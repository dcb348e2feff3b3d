"""Three beeps and a question about them: ``python examples/audio.py`` with PALAVER_API_KEY set."""

import base64
import io
import math
import os
import struct
import wave

from openai import OpenAI

RATE_HZ = 16_000
beep = [math.sin(2 * math.pi * 800 * i / RATE_HZ) / 2 for i in range(RATE_HZ // 8)]
samples = (beep + [0.0] * (RATE_HZ // 6)) * 3
file = io.BytesIO()
with wave.open(file, "wb") as recording:
    recording.setnchannels(1)
    recording.setsampwidth(2)
    recording.setframerate(RATE_HZ)
    recording.writeframes(b"".join(struct.pack("<h", round(32_767 * s)) for s in samples))

client = OpenAI(
    base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8000") + "/v1",
    api_key=os.environ["PALAVER_API_KEY"],
)
answer = client.chat.completions.create(
    model="palaver/tiny",
    messages=[
        {
            "role": "user",
            "content": [
                {
                    "type": "input_audio",
                    "input_audio": {
                        "data": base64.b64encode(file.getvalue()).decode(),
                        "format": "wav",
                    },
                },
                {"type": "text", "text": "How many beeps do you hear?"},
            ],
        }
    ],
    temperature=0,
)
print(answer.choices[0].message.content)
