"""How much of a file we are ready to take in. Beyond that it is refused, by name."""

from __future__ import annotations

from dataclasses import dataclass

MB = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    rows: int = 200_000
    columns: int = 100
    cell_length: int = 10_000
    file_bytes: int = 20 * MB
    unpacked_bytes: int = 200 * MB
    """All members of an xlsx together, truly unpacked: what it says of itself is not believed."""
    members: int = 2_000
    ratio: int = 120
    """Unpacked to packed of one member above 10 MB. Honest sheets stay under 50."""
    memory_bytes: int = 256 * MB
    """Address space of the child, Python included."""
    look_cpu_seconds: float = 1.5
    """To look the file through; every bomb ends here at the latest. Of the processor's time, so
    that a busy machine refuses nobody."""
    cpu_seconds: int = 15
    """For everything."""
    look_seconds: float = 15
    silence_seconds: float = 20
    """By the clock, until the child has looked, and between two pieces of its answer."""
