"""A story, word by word: ``python examples/stream.py`` with PALAVER_API_KEY set."""

import os

from openai import OpenAI

url = os.environ.get("BASE_URL", "http://127.0.0.1:8000")
client = OpenAI(base_url=f"{url}/v1", api_key=os.environ["PALAVER_API_KEY"])

stream = client.chat.completions.create(
    model="palaver/tiny",
    messages=[{"role": "user", "content": "Tell me a story about a fox."}],
    stream=True,
    stream_options={"include_usage": True},
)
for chunk in stream:
    for choice in chunk.choices:
        print(choice.delta.content or "", end="", flush=True)
    if chunk.usage:
        print(f"\n({chunk.usage.completion_tokens} tokens)")
