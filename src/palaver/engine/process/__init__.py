"""The engine process: its main program, and the backend that sends requests to it."""
