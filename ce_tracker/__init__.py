"""Continuing-education hours, with verdicts that carry their proof. `docs/map.md` is the way in."""
