"""A clip and a question about it: ``python examples/video.py`` with PALAVER_API_KEY set.

OpenAI's client has no type for video, so the part is sent as a plain dict.
"""

import base64
import io
import os
from typing import Any

import av
import numpy as np
from openai import OpenAI
from PIL import Image, ImageDraw

file = io.BytesIO()
with av.open(file, "w", format="mp4") as clip:
    stream: Any = clip.add_stream("libx264", rate=2)
    stream.width, stream.height, stream.pix_fmt = 96, 96, "yuv420p"
    for x in range(20, 80, 10):
        image = Image.new("RGB", (96, 96), "lightgrey")
        ImageDraw.Draw(image).ellipse((x - 12, 36, x + 12, 60), fill="green")
        frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
        clip.mux(stream.encode(frame))
    clip.mux(stream.encode())
url = f"data:video/mp4;base64,{base64.b64encode(file.getvalue()).decode()}"

client = OpenAI(
    base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8000") + "/v1",
    api_key=os.environ["PALAVER_API_KEY"],
)
part: Any = {"type": "video_url", "video_url": {"url": url}}
answer = client.chat.completions.create(
    model="palaver/tiny",
    messages=[
        {
            "role": "user",
            "content": [part, {"type": "text", "text": "Which way does it move?"}],
        }
    ],
    temperature=0,
)
print(answer.choices[0].message.content)
