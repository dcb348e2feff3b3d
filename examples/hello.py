"""One question, one answer: ``python examples/hello.py`` with PALAVER_API_KEY set."""

import os

from openai import OpenAI

url = os.environ.get("BASE_URL", "http://127.0.0.1:8000")
client = OpenAI(base_url=f"{url}/v1", api_key=os.environ["PALAVER_API_KEY"])

answer = client.chat.completions.create(
    model="palaver/tiny",
    messages=[{"role": "user", "content": "Hello! Who are you?"}],
    seed=1,
)
print(answer.choices[0].message.content)
