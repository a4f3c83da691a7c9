"""The proof: whether everything in the ledger agrees with everything else, and what does not.

It looks at one bounded *piece* after another and keeps nothing of what it saw but the place where
it goes on. So the command and the nightly job run the same checks, a job may be cut short
anywhere, and a ledger of any size needs no more memory than a small one. Each check is one
statement and sees one moment: what is being posted meanwhile is seen wholly or not at all.

A finding names the row in words, by ids. There is nothing of a person in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ce_tracker.jobs import Job

SUSPECTS = 20
"""Pieces to look at once more; where there are more, these are bad enough."""
MOST_FINDINGS = 100
"""Of one piece. Where there are more, one would not read them."""


class Piece(NamedTuple):
    findings: list[str]
    after: Any
    """Where to go on, in the part's own words, fit for JSON; nothing when all of it was seen."""
    share: float = 1.0
    """About how much of the part has been seen: for whoever waits."""


class Part(NamedTuple):
    title: str
    look: Callable[[Any], Piece]
    """At what comes after such a place; after nothing is the beginning."""


def pieces(part: Part) -> Iterator[Piece]:
    after = None
    while True:
        piece = part.look(after)
        yield piece
        if piece.after is None:
            return
        after = piece.after


def step(job: Job, parts: Mapping[str, Part]) -> list[str] | None:
    """One step of a job that goes through all parts: the next piece. In the end what is found once
    more in the pieces that looked wrong, since mended is mended; nothing until then."""
    order = [*parts, "again"]
    place: dict[str, Any] = {"part": order[0], "after": None, "suspects": [], "found": 0}
    place |= job.place
    job.steps_done += 1
    if place["part"] == "again":
        return [
            finding
            for name, after in place["suspects"]
            for finding in parts[name].look(after).findings
        ]
    piece = parts[place["part"]].look(place["after"])
    place["found"] += len(piece.findings)
    here = [place["part"], place["after"]]
    if piece.findings and len(place["suspects"]) < SUSPECTS:
        place["suspects"] = [*place["suspects"], here]
    if piece.after is None:
        place["part"] = order[order.index(place["part"]) + 1]
    place["after"] = piece.after
    job.place = place
    return None
