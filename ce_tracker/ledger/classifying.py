"""What each line of an upload means for the ledger, decided for all of them at once.

Preview and posting both come here, from the stored file, so what was seen is what is done, but
for what somebody else has changed in between. Everything is set-wise: a line is joined with its
session, its person and what already holds of the two, and only what is strange about a few lines
is looked at one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, text

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.ledger import closed_years
from ce_tracker.ledger.staging import Reading
from ce_tracker.ledger.uploads import Mode, Outcome, Upload
from ce_tracker.registry.names import folded, same_name
from ce_tracker.training.models import TrainingSession

_LATEST = text("""
CREATE TEMPORARY TABLE latest ON COMMIT DROP AS
WITH last AS (
    SELECT DISTINCT ON (e.professional_id, e.year, e.session_id)
        e.professional_id AS record, coalesce(m.merged_into, e.professional_id) AS person,
        e.session_id, e.year, e.revision, e.hours_x100, e.finished_on, e.result
    FROM ledger_entries e
    LEFT JOIN professionals m ON m.id = e.professional_id AND m.merged_into IS NOT NULL
    WHERE e.session_id = ANY (:sessions) AND e.year BETWEEN :first_year AND :last_year
    ORDER BY e.professional_id, e.year, e.session_id, e.revision DESC
)
SELECT *, revision % 2 = 1 AS holds,
    row_number() OVER (one ORDER BY hours_x100 DESC, record) AS rank,
    sum(hours_x100) OVER one AS together_x100, count(*) OVER one AS records
FROM last
WINDOW one AS (PARTITION BY person, session_id, revision % 2)
""")
"""The last revision of each record in each session and year; an odd one holds. Two of one person
may hold where two records that had both attended were merged: the next list makes one of them."""

_JUDGED = text("""
CREATE TEMPORARY TABLE judged ON COMMIT DROP AS
SELECT s.row_number, t.id AS session_id, coalesce(s.code, t.code) AS code, s.name, s.tail,
    s.id_index, s.credited, s.record, s.person,
    coalesce(s.hours_x100, t.hours_x100) AS hours_x100,
    coalesce(s.finished_on, l.finished_on, t.last_day) AS finished_on,
    coalesce(s.result, l.result) AS result,
    l.together_x100 AS was_x100, l.finished_on AS was_on, l.result AS was_result,
    l.records AS was_records,
    CASE
        WHEN extract(year FROM coalesce(s.finished_on, l.finished_on, t.last_day)) = ANY (:closed)
            THEN extract(year FROM coalesce(s.finished_on, l.finished_on, t.last_day))
        WHEN l.year = ANY (:closed) THEN l.year
    END::smallint AS closed_year,
    CASE
        WHEN s.wrong THEN 'cells'
        WHEN t.id IS NULL THEN 'no_session'
        WHEN t.state <> 'published' THEN 'not_open'
        WHEN s.credited AND s.record IS NULL AND s.rounded THEN 'rounded'
        WHEN s.credited AND s.result IS NULL AND :results_given THEN 'no_result'
        WHEN s.credited AND s.hours_x100 > t.hours_x100 THEN 'too_many_hours'
        WHEN s.credited AND s.finished_on < t.first_day THEN 'too_early'
        WHEN s.credited AND s.finished_on > t.last_day THEN 'too_late'
        WHEN s.credited AND coalesce(s.finished_on, t.last_day) > :today THEN 'not_over'
        -- Last, since a second look may find that it is the same name.
        WHEN s.known_as <> s.name THEN 'name'
    END AS problem,
    NULL::integer AS twin
FROM staged s
LEFT JOIN (
    SELECT id, code, state, hours_x100,
        (starts_at AT TIME ZONE 'Asia/Shanghai')::date AS first_day,
        (ends_at AT TIME ZONE 'Asia/Shanghai')::date AS last_day
    FROM training_sessions WHERE id = ANY (:sessions)
) t ON t.code = coalesce(s.code, CAST(:own_code AS text))
LEFT JOIN latest l ON l.session_id = t.id AND l.person = s.person
    AND l.holds AND l.rank = 1
""")

OUTCOME = """CASE
    WHEN j.problem = 'same' THEN 'already'
    WHEN j.problem IS NOT NULL THEN 'wrong'
    WHEN j.person IS NULL THEN CASE WHEN j.credited THEN 'held' ELSE 'not_credited' END
    WHEN j.was_x100 IS NULL AND NOT j.credited THEN 'not_credited'
    WHEN j.was_x100 IS NOT NULL AND j.credited AND j.was_records = 1
        AND (j.was_x100, j.was_on) = (j.hours_x100, j.finished_on)
        AND j.was_result IS NOT DISTINCT FROM j.result THEN 'already'
    WHEN j.closed_year IS NOT NULL THEN 'held'
    WHEN j.was_x100 IS NULL THEN 'new' ELSE 'changed' END"""
"""SQL over a row `j` of the judged."""

_TWINS = """
SELECT array_agg(row_number ORDER BY row_number) AS rows,
    count(DISTINCT (hours_x100, finished_on, result, credited)) = 1 AS alike
FROM judged
WHERE problem IS NULL AND {known}
GROUP BY session_id, {who} HAVING count(*) > 1
"""

_STRANGE = text("""
SELECT count(*) FILTER (WHERE problem = 'name') AS other_names,
    count(*) FILTER (WHERE problem IS NULL AND person IS NOT NULL)
        > count(DISTINCT person) FILTER (WHERE problem IS NULL) AS known_twice,
    count(*) FILTER (WHERE problem IS NULL AND person IS NULL)
        > count(DISTINCT id_index) FILTER (WHERE problem IS NULL AND person IS NULL)
        AS unknown_twice
FROM judged
""")
"""Whether there is anything to look at one by one, and whether anybody is there twice, in whatever
sessions: told in one pass, and much sooner than who."""

_GONE = text("""
CREATE TEMPORARY TABLE gone ON COMMIT DROP AS
SELECT l.*, p.name, p.id_tail, t.code
FROM latest l
JOIN professionals p ON p.id = l.record
JOIN training_sessions t ON t.id = l.session_id AND t.state = 'published'
WHERE :replace AND l.holds AND NOT EXISTS (
    SELECT FROM judged j WHERE j.person = l.person
        AND (j.session_id = l.session_id OR j.session_id IS NULL))
""")
"""Who is credited and, where the file replaces what was, no longer in it."""


def classify(upload: Upload, reading: Reading, *, hold: bool) -> list[str]:
    """Fill `judged`, `latest` and `gone` for this upload; what else there is to say of it.

    `hold`: keep the sessions and the years as they are until this transaction ends, since it will
    post.
    """
    closed = closed_years.stay() if hold else closed_years.closed()
    own = _own_session(upload)
    sessions = _sessions(upload, own, hold=hold)
    days = [day for each in sessions for day in (each.first_day, each.last_day)] or [date.min]
    ids = [each.id for each in sessions]
    posted = [each.id for each in sessions if each.first_posted_at is not None]
    db.session.execute(
        _LATEST,
        {"sessions": posted, "first_year": min(days).year, "last_year": max(days).year},
    )
    db.session.execute(
        _JUDGED,
        {
            "sessions": ids,
            "own_code": own.code if own else None,
            "today": clock.today(),
            "results_given": _any_result(),
            "closed": closed,
        },
    )
    strange = db.session.execute(_STRANGE).one()
    if strange.other_names:
        _confirm_names()
        strange = db.session.execute(_STRANGE).one()
    _tell_twins_apart(known=strange.known_twice, unknown=strange.unknown_twice)
    db.session.execute(_GONE, {"replace": upload.mode == Mode.REPLACE})
    late = [*_late(), *_left_in(closed)] if closed else []
    return [*late, *_spared(reading), *_crowded(sessions)]


def count() -> dict[str, int]:
    """The lines by outcome, but for those that could not even be staged."""
    rows = db.session.execute(
        text(
            f"SELECT {OUTCOME} AS outcome, count(*) FROM judged j GROUP BY 1"  # noqa: S608
            " UNION ALL SELECT 'removed', count(*) FROM gone"
        )
    )
    found = {str(outcome): int(lines) for outcome, lines in rows}
    return {outcome.value: found.get(outcome.value, 0) for outcome in Outcome}


def _own_session(upload: Upload) -> TrainingSession | None:
    if upload.session_id is None:
        return None
    return db.session.get_one(TrainingSession, upload.session_id)


def _sessions(
    upload: Upload, own: TrainingSession | None, *, hold: bool
) -> Sequence[TrainingSession]:
    """Those that the lines are of, in the order of their ids, in which everybody locks them."""
    query = select(TrainingSession).order_by(TrainingSession.id)
    if own is not None:
        query = query.where(TrainingSession.id == own.id)
    else:
        codes = db.session.scalars(text("SELECT DISTINCT code FROM staged WHERE code IS NOT NULL"))
        query = query.where(
            TrainingSession.provider_id == upload.provider_id,
            TrainingSession.code.in_(list(codes)),
            TrainingSession.state != "draft",
        )
    if hold:
        query = query.with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def _any_result() -> bool:
    """An empty cell means something only in a column that others filled in."""
    return bool(db.session.scalar(text("SELECT EXISTS (SELECT FROM staged WHERE result <> '')")))


def _confirm_names() -> None:
    """SQL compares letter by letter; what differs may still be the same name."""
    differing = db.session.execute(
        text(
            "SELECT j.row_number, j.name, p.name FROM judged j"
            " JOIN professionals p ON p.id = j.record WHERE j.problem = 'name'"
        )
    )
    same = [row for row, said, known in differing if same_name(said, known)]
    if same:
        db.session.execute(
            text("UPDATE judged SET problem = NULL WHERE row_number = ANY (:rows)"), {"rows": same}
        )


def _tell_twins_apart(*, known: bool, unknown: bool) -> None:
    """The same person twice in one session: once if the lines are alike, else a human decides."""
    first: dict[int, int] = {}
    alike: dict[int, bool] = {}
    for there, which, who in (
        (known, "person IS NOT NULL", "person"),
        (unknown, "person IS NULL", "id_index"),
    ):
        if not there:
            continue
        for twins in db.session.execute(text(_TWINS.format(known=which, who=who))):
            others = twins.rows[1:] if twins.alike else twins.rows
            for row in others:
                alike[row] = twins.alike
                first[row] = twins.rows[0] if row != twins.rows[0] else twins.rows[1]
    if first:
        db.session.execute(
            text(
                "UPDATE judged SET problem = given.problem, twin = given.twin"
                " FROM (SELECT * FROM unnest(CAST(:rows AS integer[]), CAST(:problems AS text[]),"
                "   CAST(:twins AS integer[])) AS u (row_number, problem, twin)) AS given"
                " WHERE judged.row_number = given.row_number"
            ),
            {
                "rows": [*first],
                "problems": ["same" if alike[row] else "double" for row in first],
                "twins": [*first.values()],
            },
        )


def _late() -> list[str]:
    """Lines that post nothing before the authority agrees."""
    lines, years = db.session.execute(
        text(
            "SELECT count(*), array_agg(DISTINCT closed_year) FROM judged j"  # noqa: S608
            f" WHERE closed_year IS NOT NULL AND {OUTCOME} = 'held'"
        )
    ).one()
    return [f"有 {lines} 行属于封账的年度：{closed_years.late(years)}"] if lines else []


def _left_in(closed: Sequence[int]) -> list[str]:
    """Nobody's hours are taken out of a closed year for standing in no list any more."""
    left = db.session.execute(
        text("DELETE FROM gone WHERE year = ANY (:closed) RETURNING year"), {"closed": closed}
    ).scalars()
    people = Counter(left)
    return [
        f"{year} 年度已封账，名单中没有的 {people[year]} 名已入账人员不冲销。确实不应计学时的，"
        "请在名单中写明考核结果“不合格”后上传，由主管部门决定。"
        for year in sorted(people)
    ]


def _spared(reading: Reading) -> list[str]:
    """Who may be meant by a line whose number could not be read is not taken out."""
    unread = {folded(line.name) for line in reading.reader.wrong if not line.tail and line.name}
    if not unread:
        return []
    gone: Any = db.session.execute(text("SELECT DISTINCT record, name FROM gone"))
    spared = [record for record, name in gone if folded(name) in unread]
    if not spared:
        return []
    db.session.execute(text("DELETE FROM gone WHERE record = ANY (:records)"), {"records": spared})
    return [f"{len(spared)} 名已入账人员与证件号码有误的行同名，这次不冲销。"]


def _crowded(sessions: Sequence[TrainingSession]) -> list[str]:
    """Nobody loses hours over a room that was fuller than planned; but it should be seen."""
    if all(each.capacity is None for each in sessions):
        return []
    present: dict[int, int] = {
        session: people
        for session, people in db.session.execute(
            text("SELECT session_id, count(*) FROM judged WHERE problem IS NULL GROUP BY 1")
        )
        if session is not None
    }
    return [
        f"班次 {each.code} 的名单有 {present[each.id]} 人，"
        f"超过了计划人数 {each.capacity} 人，请核对。"
        for each in sessions
        if each.capacity is not None and present.get(each.id, 0) > each.capacity
    ]
