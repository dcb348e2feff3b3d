"""Keys, limits, usage."""
