"""A load generator for chat-completions servers, palaver's and others.

It knows a server by its HTTP interface only. ``workload`` makes up what is asked, ``client`` asks
it and takes the times, ``load`` decides when, ``summary`` condenses what came of it, ``report`` and
``image`` show it.
"""
