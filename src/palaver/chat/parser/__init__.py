"""Parses an answer's text, as it comes, into thinking, content and calls."""
