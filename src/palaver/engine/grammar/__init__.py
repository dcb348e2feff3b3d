"""Grammars: compiled for a vocabulary, and followed token by token."""
