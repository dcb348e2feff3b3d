"""The machine: supervised child processes, and what tunes the processes of a server."""
