"""The socket on which a server takes connections."""

from __future__ import annotations

import socket

from palaver.errors import SettingError


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections.

    Args:
        host: A name or address.
        port: 0 takes a free one.

    Raises:
        SettingError: The address cannot be listened on.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return _bound(family, host, port)
    except OSError as error:
        raise SettingError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error


def url_of(listener: socket.socket) -> str:
    """The URL of a server that listens on this socket."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    # asyncio switches Nagle's algorithm off only if the socket names its protocol. With it on, the
    # first event of an answer waits some 40 ms for the client to acknowledge the headers.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()  # from now on connections wait until they are taken
        listener.set_inheritable(True)
    except BaseException:
        listener.close()
        raise
    return listener
