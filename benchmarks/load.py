"""Sixteen connections that ask as fast as they are answered.

Everything runs on the machine that is measured, so whoever asks must cost next to nothing: one
process, one poll, requests made beforehand, and of an answer only its first line and its length
are looked at. About 15 µs a request, the same for every contender.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from time import perf_counter

CONNECTIONS = 16
HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Load:
    """How it went."""

    seconds: float
    waits: Sequence[float]
    """Of each request, in order of length."""

    @property
    def seconds_per_request(self) -> float:
        return self.seconds / len(self.waits)

    @property
    def p99(self) -> float:
        return self.waits[len(self.waits) * 99 // 100]


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked_at = 0.0
        self.answer = b""

    def ask(self, request: bytes) -> None:
        self.asked_at = perf_counter()
        self.socket.sendall(request)

    def heard(self) -> bool:
        """Whether that was the end of the answer."""
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError(self.answer)
        self.answer = self.answer + part if self.answer else part
        head, end, body = self.answer.partition(HEAD_END)
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(self.answer.decode())
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return False
        self.answer = b""
        return True


def requests_for(paths: Sequence[str], tokens: Sequence[str]) -> list[bytes]:
    """The first path with the first token, and so on."""
    return [
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        for path, token in zip(paths, tokens, strict=True)
    ]


def load(port: int, requests: Sequence[bytes], seconds: float) -> Load:
    waits: list[float] = []
    upcoming: Iterator[bytes] = cycle(requests)
    ear = select.epoll()
    connections = {}
    for _ in range(CONNECTIONS):
        connection = _Connection(port)
        connections[connection.socket.fileno()] = connection
        ear.register(connection.socket, select.EPOLLIN)
    began = perf_counter()
    for connection in connections.values():
        connection.ask(next(upcoming))
    while (now := perf_counter()) < began + seconds:
        for number, _ in ear.poll(1.0):
            connection = connections[number]
            if connection.heard():
                waits.append(perf_counter() - connection.asked_at)
                connection.ask(next(upcoming))
    for connection in connections.values():
        connection.socket.close()
    ear.close()
    return Load(now - began, sorted(waits))
