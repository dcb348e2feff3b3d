"""JSON schemas for answers: which are enforced, which are refused, and how they are enforced."""

from palaver.chat.schema.check import JSON_OBJECT, check_schema, json_grammar

__all__ = ["JSON_OBJECT", "check_schema", "json_grammar"]
