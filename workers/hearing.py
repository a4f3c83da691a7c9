"""A worker that still hears the bell after Redis was away for a moment.

A worker takes a message only while it holds fewer than it has processes. When one is answered it
tells Redis, and lets it go. kombu lets it go only once Redis has heard of it: if Redis is frozen
just then, Celery logs "Couldn't ack" and goes on, and the message's place is taken until the
connection breaks, which it need not ever do. After one such moment per process the worker lives,
is connected, and listens to nobody.

So here an answered message is let go whether Redis heard of it or not. If it did not, it rings once
more after the visibility time-out, and a bell too many costs nothing.
"""

from __future__ import annotations

from kombu.transport import redis, virtual


class _LettingGo(redis.QoS):
    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002  theirs
        try:
            super().reject(delivery_tag, requeue)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise


def let_go_of_what_is_answered() -> None:
    redis.Channel.QoS = _LettingGo
