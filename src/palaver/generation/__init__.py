"""The contract of generation: tokens in, tokens out.

Shared by whoever asks (chat, speech, api) and whoever generates (an engine process, a cluster, a
script). It imports nothing of either.
"""
