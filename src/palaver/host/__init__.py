"""Processes and the operating system: supervised child processes, and tuning of processes."""
