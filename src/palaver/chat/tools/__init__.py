"""Tools: what a model may call, the grammar of its calls, and their way back into a prompt."""
