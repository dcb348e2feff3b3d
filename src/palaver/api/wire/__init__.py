"""The types of request and response bodies."""
