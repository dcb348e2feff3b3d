"""One turn of a conversation, as pure code: templates, detokenizing, stop strings, thinking, usage.

It has no sockets, no model and nothing asynchronous.
"""
