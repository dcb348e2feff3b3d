"""The models of a server: the built-in one and those in folders, each with its backend."""
