"""JSON Schemas of requests, checked in a bounded child process."""
