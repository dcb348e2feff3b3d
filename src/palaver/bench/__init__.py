"""A load generator for chat-completions servers, palaver's and others.

It knows a server by its HTTP interface only. ``workload`` makes the requests, ``client`` sends
and times them, ``load`` decides when, ``summary`` aggregates the measurements, ``report`` and
``image`` show them.
"""
