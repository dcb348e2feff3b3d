"""Tools: the functions that a model may call, and earlier calls and results in prompts."""
