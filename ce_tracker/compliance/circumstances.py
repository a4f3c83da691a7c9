"""What a year's verdict follows from beside the hours: where somebody works on the day, by which
rules, what they are let off, and what other records of theirs hold.

Looked at anew for everybody once, and from then on for those whose facts were learnt since, or
whose day has come.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from ce_tracker.compliance.exemptions import LET_OFF
from ce_tracker.compliance.models import Sweep
from ce_tracker.extensions import db

_EVERYBODY = """
SELECT professional_id FROM employments
WHERE professional_id BETWEEN :first AND :last AND known_to IS NULL
    AND valid_from <= :day AND (valid_to IS NULL OR valid_to > :day)
UNION
SELECT professional_id FROM standings
WHERE year = :year AND professional_id BETWEEN :first AND :last
"""

_CHANGED = """
SELECT professional_id FROM employments
WHERE professional_id BETWEEN :first AND :last
    AND (known_from >= :since OR known_to >= :since
        OR (valid_from > :last_day AND valid_from <= :day)
        OR (valid_to > :last_day AND valid_to <= :day))
UNION
SELECT professional_id FROM exemptions
WHERE professional_id BETWEEN :first AND :last AND (known_from >= :since OR known_to >= :since)
UNION
SELECT unnest(ARRAY[professional_id, into_id]) FROM merges
WHERE known_from >= :since OR known_to >= :since
UNION
SELECT merged_into FROM professionals WHERE merged_into BETWEEN :first AND :last
UNION
SELECT professional_id FROM standings
WHERE year = :year AND professional_id BETWEEN :first AND :last AND ruleset IS NULL
UNION
SELECT s.professional_id FROM employer_rulesets r
JOIN standings s ON s.employer_id = r.employer_id AND s.year = r.year
WHERE r.year = :year AND r.changed_by > :before AND s.professional_id BETWEEN :first AND :last
"""

_LOOK = f"""
CREATE TEMPORARY TABLE circumstances AS
WITH looked_at AS ({{who}}),
others AS (
    SELECT m.merged_into AS id, sum(t.general_x100) AS general, sum(t.specialty_x100) AS specialty
    FROM professionals m JOIN standings t ON t.professional_id = m.id AND t.year = :year
    WHERE m.merged_into BETWEEN :first AND :last
    GROUP BY 1
)
SELECT p.id AS professional_id, e.employer_id,
    CAST(CASE WHEN p.merged_into IS NULL AND e.employer_id IS NOT NULL
        THEN coalesce(r.ruleset, 0) ELSE 0 END AS smallint) AS ruleset,
    least(coalesce(x.required_x100, 1000000),
        CASE WHEN m.months < 12 THEN (q.full_x100 * m.months + 11) / 12 END) AS required_x100,
    CAST(coalesce(o.general, 0) AS integer) AS other_general_x100,
    CAST(coalesce(o.specialty, 0) AS integer) AS other_specialty_x100,
    s.professional_id IS NOT NULL AS has_standing,
    coalesce(s.general_x100, 0) AS general_x100, coalesce(s.specialty_x100, 0) AS specialty_x100
FROM looked_at l JOIN professionals p ON p.id = l.professional_id
LEFT JOIN employments e ON e.professional_id = p.id AND e.known_to IS NULL
    AND e.valid_from <= :day AND (e.valid_to IS NULL OR e.valid_to > :day)
LEFT JOIN employer_rulesets r ON r.year = :year AND r.employer_id = e.employer_id
LEFT JOIN rulesets q ON q.id = r.ruleset AND q.by_month AND q.full_x100 < 1000000
CROSS JOIN LATERAL (SELECT CASE WHEN q.id IS NOT NULL
    THEN months_at_work(p.id, CAST(:year AS integer)) END) m (months)
LEFT JOIN ({LET_OFF}) x ON x.person = p.id
LEFT JOIN others o ON o.id = p.id
LEFT JOIN standings s ON s.professional_id = p.id AND s.year = :year
WHERE p.id BETWEEN :first AND :last
"""  # noqa: S608  our own words


MARGIN = timedelta(days=1)
"""What was known this long before the last sweep began is looked at again: a transaction may have
been under way then, and a clock may have been wrong by hours."""


def look_at(people: dict[str, object], built_on: Sweep | None) -> int:
    """Fill `circumstances` for a range of people, a year and a day; how many were looked at."""
    before: dict[str, object] = (
        {}
        if built_on is None
        else {
            "before": built_on.id,
            "since": built_on.started_at - MARGIN,
            "last_day": built_on.day,
        }
    )
    who = _CHANGED if before else _EVERYBODY
    db.session.execute(text(_LOOK.format(who=who)), people | before)
    db.session.execute(text("ANALYZE circumstances"))
    looked_at: int = db.session.execute(text("SELECT count(*) FROM circumstances")).scalar_one()
    return looked_at
