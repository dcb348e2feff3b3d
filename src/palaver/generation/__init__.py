"""The contract of generation: tokens in, tokens out.

Shared by the callers (chat, speech, api) and the backends (an engine process, a cluster, a
script). It imports nothing of either.
"""
