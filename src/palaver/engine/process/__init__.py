"""The engine in a process of its own: its main program, and the backend that talks to it."""
