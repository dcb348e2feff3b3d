"""The grammar of an answer: thinking, then text, tool calls, or JSON that matches a schema."""
