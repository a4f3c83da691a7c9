"""Providers, the night and a mortal worker, in any order; after each step the ledger is right.

Hypothesis chooses what happens; `model.Book` says what must come of it. Everybody and everything
is new for each run, so that the runs of one database leave each other alone.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random
from uuid import UUID

from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select, text, update

from ce_tracker import clock, jobs
from ce_tracker.extensions import db
from ce_tracker.jobs import Job
from ce_tracker.ledger.proof import pieces
from ce_tracker.ledger.proving import PARTS
from ce_tracker.ledger.uploads import Mode
from ce_tracker.registry.models import Professional
from ce_tracker.training import sessions
from ce_tracker.training.models import TrainingSession
from tests.factories import Factory
from tests.ledger import dying
from tests.ledger.machine_world import HOURS, PEOPLE, REGISTERED, SESSIONS, Sent, World, lists
from tests.ledger.model import Book, Line, Session, Upload
from workers import doing
from workers.doing import MAX_ATTEMPTS
from workers.tasks import KINDS

SESSION = st.sampled_from([None, 0, 0, 1, 2])
RARELY = st.sampled_from([False, False, True])
MORTALITY = 0.4


class LedgerMachine(RuleBasedStateMachine):
    make: Factory
    web: Flask
    worker: Flask
    owner: Flask
    deaths = 0
    """Of all runs of this class: a machine in which nobody dies would prove nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.fate = Random(0)
        self.attempts: Counter[UUID] = Counter()
        self.world = World.new(self.make, self.web, self.worker, self.owner)
        self.book = Book([Session(**vars(each)) for each in SESSIONS])
        for who in range(REGISTERED):
            self._register(who)

    # --- what people do ----------------------------------------------------------------------

    @rule(data=st.data(), session=SESSION, replace=RARELY, post=st.booleans())
    def upload(self, data: st.DataObject, session: int | None, replace: bool, post: bool) -> None:
        if session is None or self.book.sessions[session].state == "published":
            self._upload(data.draw(lists(session)), session, replace=replace, post=post)

    @rule(data=st.data(), session=SESSION, replace=RARELY)
    def enter(self, data: st.DataObject, session: int | None, replace: bool) -> None:
        if session is None or self.book.sessions[session].state == "published":
            self._upload(data.draw(lists(session)), session, replace=replace, post=True)
            self._work_off()

    @precondition(lambda self: self._of_state("posted"))
    @rule(data=st.data(), hours=HOURS, leave_out=st.booleans())
    def correct(self, data: st.DataObject, hours: int, leave_out: bool) -> None:
        """A list that was posted, once more: of somebody the hours are others, or nobody is."""
        was = data.draw(st.sampled_from(self._of_state("posted"))).said
        if was.session is not None and self.book.sessions[was.session].state != "published":
            return
        which = data.draw(st.integers(0, len(was.lines) - 1))
        lines = list(was.lines)
        if leave_out and len(lines) > 1:
            del lines[which]
        else:
            lines[which] = lines[which]._replace(hours_x100=hours)
        self._upload(lines, was.session, replace=was.replace or leave_out, post=True)

    def _upload(self, lines: list[Line], session: int | None, *, replace: bool, post: bool) -> None:
        world = self.world
        of_many = session is None
        if session is not None:
            world.books.session_id = world.session_ids[session]
        data, mode = world.file(lines, of_many=of_many), Mode.REPLACE if replace else Mode.ADD
        with world.later():
            found = world.books.upload(data, mode, "名单.csv", of_many=of_many, post=post)
        if found not in world.sent:
            state = "posting" if post else "reading"
            said = Upload(lines, session, replace)
            world.sent[found] = Sent(found, len(world.sent), said, state)
        elif post:  # the very same list is still open
            self._said_yes(world.sent[found])

    @precondition(lambda self: self._of_state("previewed"))
    @rule(which=st.integers(0, 9))
    def say_yes(self, which: int) -> None:
        sent = self._of_state("previewed")[which % len(self._of_state("previewed"))]
        session = sent.said.session
        if session is not None and self.book.sessions[session].state != "published":
            return
        with self.world.later():
            self.world.books.agree(sent.id)
        self._said_yes(sent)

    @precondition(lambda self: self._of_state("reading", "previewed"))
    @rule(which=st.integers(0, 9))
    def withdraw(self, which: int) -> None:
        waiting = self._of_state("reading", "previewed")
        sent = waiting[which % len(waiting)]
        with self.world.later():
            self.world.books.withdraw(sent.id)
        sent.state = "withdrawn"

    @precondition(lambda self: len(self.book.record) < PEOPLE)
    @rule()
    def register(self) -> None:
        self._register(len(self.book.record))

    @precondition(lambda self: len(self.book.record) - len(self.book.root) > 1)
    @rule(one=st.integers(0, 9), other=st.integers(0, 9))
    def merge(self, one: int, other: int) -> None:
        roots = [record for record in self.book.record.values() if record not in self.book.root]
        old, new = roots[one % len(roots)], roots[other % len(roots)]
        if old == new:
            return
        of_old = (Professional.id == old) | (Professional.merged_into == old)
        db.session.execute(update(Professional).where(of_old).values(merged_into=new))
        db.session.commit()
        for record, root in list(self.book.root.items()):
            self.book.root[record] = new if root == old else root
        self.book.root[old] = new

    @precondition(lambda self: self._of_state("posting") or self._closed())
    @rule(session=st.integers(0, len(SESSIONS) - 1))
    def close_or_reopen(self, session: int) -> None:
        """With lists on their way that were agreed to before."""
        known = self.book.sessions[session]
        if known.state == "revoked":
            return
        known.state = "published" if known.state == "closed" else "closed"
        row = db.session.get_one(TrainingSession, self.world.session_ids[session])
        row.state = known.state
        row.closed_at = self.world.moment if known.state == "closed" else None
        db.session.commit()

    @precondition(lambda self: self.book.postings)
    @rule(session=st.integers(0, len(SESSIONS) - 1))
    def revoke(self, session: int) -> None:
        if self.book.sessions[session].state == "revoked":
            return
        with self.world.later(), self.world.books.signed_in():
            sessions.revoke(
                self.world.books.account.actor,
                self.world.session_ids[session],
                "签到表系伪造，经核查属实",
            )
        self.book.sessions[session].state = "revoked"

    @precondition(lambda self: self.book.waiting)
    @rule()
    def night_falls(self) -> None:
        with self.world.later(), self.world.books.worker.app_context():
            jobs.ask("post-held", f"{self.world.codes} {self.world.moment}")
            db.session.commit()
            db.session.remove()

    # --- what the worker does ----------------------------------------------------------------

    @initialize(fate=st.integers(0, 2**32))
    def is_mortal(self, fate: int) -> None:
        self.fate = Random(fate)

    @precondition(lambda self: self._due())
    @rule(all_of_it=st.booleans())
    def work(self, all_of_it: bool) -> None:
        self._work_off(None if all_of_it else 1)

    def _work_off(self, most: int | None = None) -> None:
        for _ in range(most or 1000):
            if not (due := self._due()):
                return
            with self.world.later(5):
                # Of a night some steps may be done before it dies, and others go before the rest.
                if (due[0].kind != "post-held" or len(due) == 1) and self._is_fatal(due[0]):
                    self._die(due[0], *self._death())
                else:
                    self._work_on(due[0])

    def _is_fatal(self, job: Job) -> bool:
        """A job that kills three times is not tried again, and rightly."""
        self.attempts[job.id] += 1
        return self.attempts[job.id] < MAX_ATTEMPTS and self.fate.random() < MORTALITY

    def _death(self) -> tuple[str, str]:
        return self.fate.choice(dying.PLACES), self.fate.choice(dying.WAYS)

    def _die(self, job: Job, place: str, way: str) -> None:
        before = self._postings()
        if dying.works_once(self.worker, self.owner, place, way):
            type(self).deaths += 1
            if job.kind != "post-held":
                assert self._postings() == before, f"what died {place} has posted"
        else:
            self._done(job)

    def _work_on(self, job: Job) -> None:
        with self.worker.app_context():
            assert doing.run_next(KINDS, 60) == job.id
        self._done(job)

    def _done(self, job: Job) -> None:
        """What the worker has done is done to the book."""
        state = db.session.scalar(select(Job.state).where(Job.id == job.id))
        db.session.rollback()
        assert state == "done", f"{job.kind} is {state}"
        if job.kind == "post-held":
            self.book.night()
        elif job.kind == "revoke-session":
            self.book.revoke(self.world.session_ids.index(job.payload["session_id"]))
        else:
            self._uploaded(job)

    def _uploaded(self, job: Job) -> None:
        sent = self.world.sent[UUID(job.payload["upload_id"])]
        if job.kind == "attendance-preview" and sent.state == "reading":
            expected = self.book.counts(sent.said)
            sent.state = "posting" if sent.asked else "previewed"
        elif job.kind == "attendance-post" and sent.state == "posting":
            expected = self.book.counts(sent.said)
            self.book.post(sent.number, sent.said)
            sent.state = "posted"
        else:
            return
        upload = self.world.books.upload_of(sent.id)
        assert upload.error is None
        assert (upload.state, self.world.books.counts(sent.id)) == (sent.state, expected)

    # --- what must be so, whatever has happened ----------------------------------------------

    @invariant()
    def standings_are_the_sums_of_the_entries_and_as_the_book_says(self) -> None:
        assert db.session.execute(_DIFFERENT).all() == []
        records = list(self.book.record.values())
        rows = db.session.execute(_STANDINGS, {"records": records})
        found = {(record, year): (general, specialty) for record, year, general, specialty in rows}
        assert found == self.book.standings()

    @invariant()
    def each_list_has_been_posted_once_or_not_at_all(self) -> None:
        assert self._postings() == self.book.postings
        assert db.session.execute(_POSTED_TWICE).all() == []
        waiting = db.session.scalar(_WAITING, {"sessions": self.world.session_ids})
        assert waiting == len(self.book.waiting)

    @invariant()
    def the_proof_finds_nothing(self) -> None:
        with self.worker.app_context():
            for part in PARTS.values():
                assert [finding for piece in pieces(part) for finding in piece.findings] == []
            db.session.remove()

    def teardown(self) -> None:
        """Whatever waits is done in the end, with nobody's help."""
        self._work_off()
        self.standings_are_the_sums_of_the_entries_and_as_the_book_says()
        self.each_list_has_been_posted_once_or_not_at_all()
        assert not self._of_state("reading", "posting")

    # --- looking -----------------------------------------------------------------------------

    def _register(self, who: int) -> None:
        found = self.world.books.register(self.world.names[who], self.world.numbers[who])
        self.book.record[who] = found

    def _said_yes(self, sent: Sent) -> None:
        if sent.state == "reading":
            sent.asked = True
        elif sent.state == "previewed":
            sent.state = "posting"

    def _of_state(self, *states: str) -> list[Sent]:
        return [sent for sent in self.world.sent.values() if sent.state in states]

    def _closed(self) -> bool:
        return any(each.state == "closed" for each in self.book.sessions)

    def _due(self) -> list[Job]:
        db.session.rollback()
        with clock.pinned(self.world.moment + timedelta(minutes=5)):
            found = [db.session.get_one(Job, each) for each in jobs.due_jobs(limit=100)]
        for job in found:
            db.session.refresh(job)
        db.session.rollback()
        return found

    def _postings(self) -> int:
        db.session.rollback()
        ours = {"uploads": list(self.world.sent), "sessions": self.world.session_ids}
        return int(db.session.scalar(_POSTINGS, ours) or 0)


_DIFFERENT = text("""
    SELECT * FROM standings FULL JOIN (
        SELECT professional_id, year,
            coalesce(sum(hours_x100) FILTER (WHERE subject = 'general'), 0) AS general,
            coalesce(sum(hours_x100) FILTER (WHERE subject = 'specialty'), 0) AS specialty
        FROM ledger_entries GROUP BY 1, 2
    ) e USING (professional_id, year)
    WHERE (general_x100, specialty_x100) IS DISTINCT FROM (general, specialty)
""")
_STANDINGS = text("""
    SELECT professional_id, year, general_x100, specialty_x100 FROM standings
    WHERE professional_id = ANY (:records) AND (general_x100, specialty_x100) <> (0, 0)
""")
_POSTINGS = text("""
    SELECT count(*) FROM postings WHERE upload_id = ANY (:uploads) OR session_id = ANY (:sessions)
""")
_POSTED_TWICE = text("""
    SELECT upload_id FROM postings WHERE kind = 'upload' GROUP BY 1 HAVING count(*) > 1
""")
_WAITING = text("""
    SELECT count(*) FROM held_rows WHERE state = 'held' AND session_id = ANY (:sessions)
""")
