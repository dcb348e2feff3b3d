"""Thinking apart from the answer: ``python examples/thinking.py`` with PALAVER_API_KEY set."""

import os

from openai import OpenAI

url = os.environ.get("BASE_URL", "http://127.0.0.1:8000")
client = OpenAI(base_url=f"{url}/v1", api_key=os.environ["PALAVER_API_KEY"])

answer = client.chat.completions.create(
    model="palaver/tiny",
    messages=[{"role": "user", "content": "What is 48 + 37?"}],
    temperature=0,
    extra_body={"enable_thinking": True, "separate_reasoning": True},
)
message = answer.choices[0].message
print("thinking:", getattr(message, "reasoning_content", None))
print("answer:  ", message.content)
