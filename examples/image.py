"""An image and a question about it: ``python examples/image.py`` with PALAVER_API_KEY set."""

import base64
import io
import os

from openai import OpenAI
from PIL import Image, ImageDraw

image = Image.new("RGB", (128, 128), "lightgrey")
ImageDraw.Draw(image).ellipse((32, 32, 96, 96), fill="blue")
file = io.BytesIO()
image.save(file, "PNG")
url = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"

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
                {"type": "image_url", "image_url": {"url": url}},
                {"type": "text", "text": "What colour is the circle?"},
            ],
        }
    ],
    temperature=0,
)
print(answer.choices[0].message.content)
