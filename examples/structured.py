"""An answer as an object: ``python examples/structured.py`` with PALAVER_API_KEY set."""

import os

from openai import OpenAI
from pydantic import BaseModel

url = os.environ.get("BASE_URL", "http://127.0.0.1:8000")
client = OpenAI(base_url=f"{url}/v1", api_key=os.environ["PALAVER_API_KEY"])


class Person(BaseModel):
    name: str
    age: int


answer = client.chat.completions.parse(
    model="palaver/tiny",
    messages=[{"role": "user", "content": "My name is Ada and I am 36 years old."}],
    response_format=Person,
    temperature=0,
)
print(answer.choices[0].message.parsed)
