"""Families of models: how each writes its thinking and its calls of tools, as data."""
