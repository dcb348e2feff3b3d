"""``POST /v1/chat/completions``: from the wire to an answer."""
