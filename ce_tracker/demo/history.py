"""Two full years of sessions and attendance and one under way, posted by the road that every
provider's list takes: handed in, sealed, read, and posted to the ledger; then who applied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import text

from ce_tracker import clock
from ce_tracker.demo import applications, cast, lists
from ce_tracker.demo.attendance import Attendance
from ce_tracker.demo.desk import Desks, close_old, work_on
from ce_tracker.demo.providers import Provider, signs_in
from ce_tracker.demo.stories import Stories
from ce_tracker.demo.trainings import Training
from ce_tracker.extensions import db
from ce_tracker.ledger.uploads import Upload
from ce_tracker.sealing import Keyring


def posted(
    keyring: Keyring,
    attendance: Attendance,
    providers: Sequence[Provider],
    count: int,
    seed: int,
    advance: Callable[[int], None],
) -> Iterator[None]:
    """Stops wherever what is done is whole. Advances by `count` in all."""
    today = clock.today()
    offered = attendance.offers.trainings
    made = lists.Lists(attendance.roll, len(cast.ACTORS), today.toordinal(), seed)
    stories = Stories(attendance, made, providers, today)
    desks = Desks(keyring, providers, seed)
    desks.enter([*(each for each in offered if each.people), *stories.trainings])
    waiting = list(_handed_in(desks, made, offered))
    db.session.execute(text("ANALYZE training_sessions"))
    yield
    for _ in stories.happen(desks):
        yield
    rows, done, told = sum(rows for _, rows in waiting), 0, 0
    for upload, size in waiting:
        work_on(upload)
        yield
        done += size
        advance(count * done // rows - told)
        told = count * done // rows
    yield from applications.lived_through(keyring, desks, stories.taken_back, seed)
    close_old()
    db.session.execute(text("ANALYZE ledger_entries, standings, uploads, training_sessions"))
    yield


def _handed_in(
    desks: Desks, made: lists.Lists, trainings: Sequence[Training]
) -> Iterator[tuple[Upload, int]]:
    """All that each provider held, and how many lines its list has."""
    held: dict[int, list[Training]] = defaultdict(list)
    for training in trainings:
        if training.people:
            held[training.provider.id].append(training)
    for _, own in sorted(held.items()):
        own.sort(key=lambda training: training.id)
        provider = own[0].provider
        for file in lists.year_by_year(made, provider.name, own, in_excel=signs_in(provider)):
            yield desks.hand_in(provider, file), file.rows
