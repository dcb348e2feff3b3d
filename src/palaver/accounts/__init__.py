"""API keys and the database that keeps their hashes."""
