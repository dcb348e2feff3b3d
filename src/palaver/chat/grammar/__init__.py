"""The grammar of an answer: thinking, then text, calls of tools, or JSON that matches a schema."""
