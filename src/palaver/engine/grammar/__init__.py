"""Grammars: compiled for a vocabulary, and followed token by token by means of llguidance.

A grammar is compiled once and remembered; each answer walks through a copy of its own.
"""
