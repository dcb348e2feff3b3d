"""One turn of conversation, pure: templates, tokens to text, stop strings, thinking, usage.

No sockets, no model, nothing asynchronous.
"""
