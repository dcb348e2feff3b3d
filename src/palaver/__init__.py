"""palaver: a self-hosted chat-completions service with an inference engine of its own."""

__version__ = "0.1.0"
