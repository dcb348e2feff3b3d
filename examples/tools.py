"""A tool call, its result and the answer: ``python examples/tools.py`` with PALAVER_API_KEY set."""

import json
import os
from typing import Any

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("BASE_URL", "http://127.0.0.1:8000") + "/v1",
    api_key=os.environ["PALAVER_API_KEY"],
)


def get_weather(city: str) -> str:
    """The weather of a city; here always the same."""
    return json.dumps({"city": city, "weather": "sunny", "temperature": 21})


weather: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
messages: list[Any] = [{"role": "user", "content": "What is the weather in Rome?"}]
request: dict[str, Any] = {"model": "palaver/tiny", "tools": [weather], "temperature": 0}

message = client.chat.completions.create(messages=messages, **request).choices[0].message
messages.append(message)
for call in message.tool_calls or []:
    if call.type == "function":
        print("call:  ", call.function.name, call.function.arguments)
        result = get_weather(**json.loads(call.function.arguments))
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
answer = client.chat.completions.create(messages=messages, **request).choices[0].message
print("answer:", answer.content)
