"""The machine: child processes, time slices, memory."""
