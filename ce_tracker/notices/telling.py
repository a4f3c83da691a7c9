"""What a night has to tell, said in SQL: who is newly short, failed or mended, and who is reminded.

Of the running year nothing is told before its last 90 days; then everybody who is short is reminded
at each of the days in `REMINDERS`, and hears of changes in between. A year that is over is told of
on the first night after it, and whenever something about it changes.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text

from ce_tracker import clock
from ce_tracker.extensions import db
from ce_tracker.notices.directory_telling import LISTED
from ce_tracker.notices.models import NoticeNight
from ce_tracker.notices.title_telling import TO_EMPLOYERS, TO_PEOPLE

REMINDERS = (90, 60, 30, 7)
"""Days before 31 December."""

NAMES_SHOWN = 5

# Of a flag `f` and the reminder `m` that its reader has had, if any. A flag that is open and was
# when last told is no news; nor is one that closed before anybody was told of it.
_NEWS = """
    f.opened_at <= :until AND (
        (f.closed_at IS NULL AND f.year = :year AND CAST(:reminder AS smallint) IS NOT NULL
            AND (m.id IS NULL OR (f.opened_at > :since AND {first})))
        OR (f.closed_at IS NULL AND f.year < :year
            AND greatest(f.opened_at, {over}) > :since AND {first})
        OR (f.closed_at > :since AND f.closed_at <= :until
            AND (f.year < :year OR CAST(:reminder AS smallint) IS NOT NULL)
            AND greatest(f.opened_at, {told}) <= :since
            AND NOT EXISTS (SELECT FROM flags o WHERE o.professional_id = f.professional_id
                AND o.year = f.year AND o.closed_at IS NULL {same}))
    )
"""
_OVER = "make_timestamptz(f.year + 1, 1, 1, 0, 0, 0, 'Asia/Shanghai')"
_TOLD = f"({_OVER} - interval '{REMINDERS[0] + 1} days')"
_WHAT = """CASE WHEN f.closed_at IS NOT NULL THEN 'mended'
    WHEN f.year = :year THEN 'short' ELSE 'failed' END AS what"""
_NO_OTHER_BEFORE = f"""NOT EXISTS (SELECT FROM flags o
    WHERE o.professional_id = f.professional_id AND o.year = f.year AND o.closed_at IS NULL
        AND (o.year = :year OR {_OVER} <= :since) AND o.opened_at <= :since)"""
_MAILED = """mailed AS (
    INSERT INTO mails (message_id, user_id, due_at)
    SELECT t.id, u.id, :until FROM told t
    JOIN users u ON u.{reader} = t.{reader} AND u.disabled_at IS NULL
    JOIN mail_addresses a ON a.user_id = u.id
    WHERE CAST(:mailing AS boolean)
    RETURNING 1
)
SELECT (SELECT count(*) FROM told) AS told"""

_TELL_PEOPLE = """
WITH news AS (
    SELECT f.professional_id, f.year, f.rule, {what}, m.id IS NULL AS to_remind
    FROM flags f
    LEFT JOIN messages m ON m.professional_id = f.professional_id AND m.year = :year
        AND m.reminder = CAST(:reminder AS smallint)
    WHERE f.professional_id > :after AND f.professional_id <= :last
        AND {news}
), years AS (
    SELECT professional_id,
        CASE WHEN bool_or(what = 'short' AND to_remind) THEN CAST(:reminder AS smallint) END
            AS reminder,
        jsonb_agg(jsonb_build_array(year, rule) ORDER BY year, rule)
            FILTER (WHERE what = 'short') AS short,
        jsonb_agg(jsonb_build_array(year, rule) ORDER BY year, rule)
            FILTER (WHERE what = 'failed') AS failed,
        jsonb_agg(jsonb_build_array(year, rule) ORDER BY year, rule)
            FILTER (WHERE what = 'mended') AS mended
    FROM news GROUP BY professional_id
), {titles}, told AS (
    INSERT INTO messages (professional_id, night, year, reminder, facts, created_at)
    SELECT p.id, :night, :year, y.reminder,
        jsonb_build_object('days_left', CAST(:days_left AS integer),
            'short', coalesce(y.short, '[]'), 'failed', coalesce(y.failed, '[]'),
            'mended', coalesce(y.mended, '[]'), 'duties', coalesce(d.said, '[]'),
            'applications', coalesce(a.said, '[]')),
        :until
    FROM years y FULL JOIN duties d USING (professional_id)
    FULL JOIN applied a USING (professional_id)
    JOIN professionals p ON p.id = professional_id AND p.merged_into IS NULL
    WHERE EXISTS (SELECT FROM users u
        WHERE u.professional_id = p.id AND u.disabled_at IS NULL)
    ON CONFLICT DO NOTHING
    RETURNING id, professional_id
), {mailed}
"""

_TELL_EMPLOYERS = """
WITH folk AS (
    SELECT p.id, p.employer_id, p.department, p.name, p.pinyin
    FROM professionals p
    WHERE p.employer_id > :after AND p.employer_id <= :last AND p.merged_into IS NULL
        AND EXISTS (SELECT FROM users u
            WHERE u.employer_id = p.employer_id AND u.disabled_at IS NULL)
), news AS (
    SELECT DISTINCT w.*, {what}, m.id IS NULL AS to_remind
    FROM folk w JOIN flags f ON f.professional_id = w.id
    LEFT JOIN messages m ON m.employer_id = w.employer_id AND m.year = :year
        AND m.reminder = CAST(:reminder AS smallint)
    WHERE {news}
), departments AS (
    SELECT employer_id, what, bool_or(to_remind) AS to_remind,
        jsonb_build_object('department', department, 'people', count(*), 'names',
            to_jsonb((array_agg(name ORDER BY pinyin, id))[1:{names}])) AS said
    FROM news GROUP BY employer_id, what, department
), units AS (
    SELECT employer_id,
        CASE WHEN bool_or(what = 'short' AND to_remind) THEN CAST(:reminder AS smallint) END
            AS reminder,
        jsonb_agg(said) FILTER (WHERE what = 'short') AS short,
        jsonb_agg(said) FILTER (WHERE what = 'failed') AS failed,
        jsonb_agg(said) FILTER (WHERE what = 'mended') AS mended
    FROM departments GROUP BY employer_id
), {listed}, {titles}, told AS (
    INSERT INTO messages (employer_id, night, year, reminder, facts, created_at)
    SELECT employer_id, :night, :year, u.reminder,
        jsonb_build_object('days_left', CAST(:days_left AS integer),
            'short', coalesce(u.short, '[]'), 'failed', coalesce(u.failed, '[]'),
            'mended', coalesce(u.mended, '[]'), 'directory', coalesce(l.said, '[]'),
            'duties', coalesce(d.said, '[]'), 'applications', coalesce(a.said, '[]')),
        :until
    FROM units u FULL JOIN listed l USING (employer_id)
    FULL JOIN duties d USING (employer_id) FULL JOIN applied a USING (employer_id)
    WHERE EXISTS (SELECT FROM users x
        WHERE x.employer_id = coalesce(u.employer_id, l.employer_id, d.employer_id, a.employer_id)
            AND x.disabled_at IS NULL)
    ON CONFLICT DO NOTHING
    RETURNING id, employer_id
), {mailed}
"""

_STATEMENTS = {
    # A person hears of each rule; an employer of each person, once.
    "people": text(
        _TELL_PEOPLE.format(
            what=_WHAT,
            news=_NEWS.format(first="true", over=_OVER, told=_TOLD, same="AND o.rule = f.rule"),
            mailed=_MAILED.format(reader="professional_id"),
            titles=TO_PEOPLE,
        )
    ),
    "employers": text(
        _TELL_EMPLOYERS.format(
            what=_WHAT,
            news=_NEWS.format(first=_NO_OTHER_BEFORE, over=_OVER, told=_TOLD, same=""),
            mailed=_MAILED.format(reader="employer_id"),
            names=NAMES_SHOWN,
            listed=LISTED,
            titles=TO_EMPLOYERS,
        )
    ),
}


def reminder_due(day: date) -> int | None:
    """The latest that is due, so that one which was missed is caught up by its successor alone."""
    left = clock.days_left_in_year(day)
    return min((days for days in REMINDERS if days >= left), default=None)


def tell(night: NoticeNight, last: int, *, mailing: bool) -> int:
    """All of the night's readers with ids up to `last`, each at most once; how many."""
    values: dict[str, Any] = {
        "night": night.night,
        "year": night.night.year,
        "since": night.since,
        "before": night.since.astimezone(clock.SHANGHAI).date(),
        "until": night.until,
        "reminder": reminder_due(night.night),
        "days_left": clock.days_left_in_year(night.night),
        "after": night.after,
        "last": last,
        "mailing": mailing,
    }
    told: int = db.session.execute(_STATEMENTS[night.readers], values).scalar_one()
    return told
