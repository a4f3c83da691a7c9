"""What is told of the directory of grassroots units: to a unit that it entered or left a list, to a
county's authority that its list of the year is due.

Of a list that was approved since the last night the lines are compared with those of the list that
it followed; a unit hears of it once, together with whatever else its night has for it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select, text

from ce_tracker.extensions import db
from ce_tracker.notices.models import NoticeNight
from ce_tracker.notices.title_telling import TO_AUTHORITIES
from ce_tracker.promotions import directory_duties
from ce_tracker.registry.models import Region, RegionLevel

REMINDERS = (30, 7, -1)
"""Days before the last one for handing in, and the first after it."""

# A list that another one cut short is believed anew, which is no news.
LISTED = """listed AS (
    SELECT x.employer_id, jsonb_agg(jsonb_build_object('enters', x.enters, 'from', n.valid_from,
        'year', d.year, 'edition', d.edition, 'region', r.name) ORDER BY n.valid_from, n.id) AS said
    FROM directories_in_force n
    JOIN directories d ON d.id = n.directory_id
    JOIN regions r ON r.path = n.region_path
    LEFT JOIN directories_in_force b ON b.region_path = n.region_path AND b.known_to IS NULL
        AND b.valid_to = n.valid_from
    CROSS JOIN LATERAL (
        SELECT employer_id, bool_or(l.directory_id = n.directory_id) AS enters
        FROM directory_lines l
        WHERE l.directory_id IN (n.directory_id, b.directory_id)
            AND l.employer_id > :after AND l.employer_id <= :last
        GROUP BY employer_id HAVING count(*) = 1
    ) x
    WHERE n.known_from > :since AND n.known_from <= :until AND n.known_to IS NULL
        AND NOT EXISTS (SELECT FROM directories_in_force o
            WHERE o.directory_id = n.directory_id AND o.id < n.id)
        AND EXISTS (SELECT FROM users u
            WHERE u.employer_id = x.employer_id AND u.disabled_at IS NULL)
    GROUP BY x.employer_id
)"""

_REMIND = """
WITH owing AS (
    SELECT c.*, o.state
    FROM unnest(CAST(:regions AS text[]), CAST(:reminders AS smallint[]),
        CAST(:days_left AS integer[]), CAST(:due AS date[]))
        AS c (region_path, reminder, days_left, due)
    LEFT JOIN directories o ON o.region_path = c.region_path AND o.year = :year
        AND o.state IN ('draft', 'returned')
    WHERE NOT EXISTS (SELECT FROM directories d WHERE d.region_path = c.region_path
            AND d.year = :year AND d.state IN ('filed', 'approved'))
        AND NOT EXISTS (SELECT FROM messages m WHERE m.region_path = c.region_path
            AND m.year = :year AND m.reminder = c.reminder)
        AND EXISTS (SELECT FROM users u WHERE u.role = 'authority' AND u.sector IS NULL
            AND u.region_path = c.region_path AND u.disabled_at IS NULL)
), {applied}, told AS (
    INSERT INTO messages (region_path, night, year, reminder, facts, created_at)
    SELECT region_path, :night, :year, c.reminder,
        jsonb_build_object('days_left', c.days_left, 'due', c.due, 'state', c.state,
            'applications', coalesce(a.said, '[]')), :until
    FROM owing c FULL JOIN applied a USING (region_path)
    ORDER BY region_path
    ON CONFLICT DO NOTHING
    RETURNING id, region_path
), mailed AS (
    INSERT INTO mails (message_id, user_id, due_at)
    SELECT t.id, u.id, :until FROM told t
    JOIN users u ON u.region_path = t.region_path AND u.role = 'authority' AND u.sector IS NULL
        AND u.disabled_at IS NULL
    JOIN mail_addresses a ON a.user_id = u.id
    WHERE CAST(:mailing AS boolean)
    RETURNING 1
)
SELECT count(*) FROM told
"""


def reminder_due(due: date, day: date) -> int | None:
    """The latest that is due: one that was missed is caught up by its successor alone."""
    left = (due - day).days
    return min((days for days in REMINDERS if days >= left), default=None)


def remind(night: NoticeNight, *, mailing: bool) -> int:
    """Each authority whose list of the year is not handed in, each reminder once, and those in
    whose charge an application broke or was mended; how many."""
    due = [each for each in _due(night.night) if each[1] is not None]
    values: dict[str, Any] = {
        "night": night.night,
        "year": night.night.year,
        "since": night.since,
        "until": night.until,
        "mailing": mailing,
        "regions": [path for path, _, _ in due],
        "reminders": [reminder for _, reminder, _ in due],
        "days_left": [(last - night.night).days for _, _, last in due],
        "due": [last for _, _, last in due],
    }
    told: int = db.session.execute(
        text(_REMIND.format(applied=TO_AUTHORITIES)), values
    ).scalar_one()
    return told


def _due(day: date) -> list[tuple[str, int | None, date]]:
    counties = db.session.scalars(
        select(Region.path).where(
            Region.level.in_([RegionLevel.COUNTY, RegionLevel.ZONE]), Region.holds_on(day)
        )
    )
    return [
        (path, reminder_due(last, day), last)
        for path in counties
        if directory_duties.by_directory(path, day)
        and (last := directory_duties.due(path, day)) is not None
    ]
