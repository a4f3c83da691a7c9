"""What is told of titles: duties and rights that opened since the last night, a last day that comes
near, and applications whose ground gave way or is there again.

Nothing is remembered for it: what opened in the span between two nights belongs to one of them, and
so does the day on which 90 or 30 days are left. An application's steps of the night are events, and
are told of by their time. Each reader gets it together with whatever else their night has.
"""

from __future__ import annotations

NAMES_SHOWN = 5

# Of a flag `f`: why it is told of tonight. What is not known is for those who can supply it.
_WHY = """CROSS JOIN LATERAL (SELECT CASE
        WHEN f.opened_at > :since THEN 'opened'
        WHEN f.due_on - 90 > :before AND f.due_on - 90 <= :night THEN 'reminded'
        WHEN f.due_on - 30 > :before AND f.due_on - 30 <= :night THEN 'reminded'
    END AS why) w"""
_TONIGHT = """f.opened_at <= :until AND (f.closed_at IS NULL OR f.closed_at > :until)
        AND w.why IS NOT NULL"""
_STEPS = """FROM application_events e JOIN applications a ON a.id = e.application_id
    JOIN professionals p ON p.id = a.professional_id
    WHERE e.what IN ('broken', 'mended', 'warned') AND e.at > :since AND e.at <= :until"""

_TO_PEOPLE = """duties AS (
    SELECT f.professional_id, jsonb_agg(jsonb_build_object('rule', f.rule, 'outcome', f.outcome,
        'why', w.why, 'found', f.found, 'remedy', f.remedy) ORDER BY f.id) AS said
    FROM duty_flags f {why}
    WHERE f.professional_id > :after AND f.professional_id <= :last AND {tonight}
        AND f.outcome <> 'undetermined'
    GROUP BY f.professional_id
), applied AS (
    SELECT coalesce(p.merged_into, p.id) AS professional_id, jsonb_agg(jsonb_build_object(
        'id', a.id, 'what', e.what, 'reason', e.reason) ORDER BY e.id) AS said
    {steps} AND coalesce(p.merged_into, p.id) > :after AND coalesce(p.merged_into, p.id) <= :last
    GROUP BY 1
)"""

# `folk`: the people of employers with somebody to tell.
_TO_EMPLOYERS = """counted AS (
    SELECT p.employer_id, f.rule, f.outcome, w.why, count(*) AS people,
        to_jsonb((array_agg(p.name ORDER BY p.pinyin, p.id))[1:{names}]) AS names
    FROM folk p JOIN duty_flags f ON f.professional_id = p.id {why}
    WHERE {tonight}
    GROUP BY 1, 2, 3, 4
), owed AS (
    SELECT employer_id, rule, jsonb_build_object('rule', rule, 'outcome', outcome, 'why', why,
        'people', people, 'names', names) AS said
    FROM counted
    UNION ALL
    SELECT f.employer_id, f.rule, jsonb_build_object('rule', f.rule, 'outcome', f.outcome,
        'why', w.why, 'found', f.found, 'remedy', f.remedy)
    FROM duty_flags f {why}
    WHERE f.employer_id > :after AND f.employer_id <= :last AND {tonight}
), duties AS (
    SELECT employer_id, jsonb_agg(said ORDER BY rule, said ->> 'outcome', said ->> 'why') AS said
    FROM owed GROUP BY employer_id
), applied AS (
    SELECT a.employer_id, jsonb_agg(jsonb_build_object('id', a.id, 'what', e.what, 'name', p.name,
        'reason', e.reason) ORDER BY e.id) AS said
    {steps} AND a.employer_id > :after AND a.employer_id <= :last
    GROUP BY a.employer_id
)"""

# Of an application that was submitted the authority of its county is told; where that has no
# account, the nearest above it.
TO_AUTHORITIES = """applied AS (
    SELECT near.region_path, jsonb_agg(jsonb_build_object('id', a.id, 'what', e.what,
        'name', p.name, 'reason', e.reason) ORDER BY e.id) AS said
    FROM application_events e JOIN applications a ON a.id = e.application_id
    JOIN professionals p ON p.id = a.professional_id
    CROSS JOIN LATERAL (
        SELECT max(u.region_path) AS region_path FROM users u
        WHERE u.role = 'authority' AND u.sector IS NULL AND u.disabled_at IS NULL
            AND starts_with(a.region_path, u.region_path)
    ) near
    WHERE e.what IN ('broken', 'mended') AND e.at > :since AND e.at <= :until
        AND near.region_path IS NOT NULL
    GROUP BY near.region_path
)"""

_WORDS = {"why": _WHY, "tonight": _TONIGHT, "steps": _STEPS, "names": NAMES_SHOWN}
TO_PEOPLE = _TO_PEOPLE.format(**_WORDS)
TO_EMPLOYERS = _TO_EMPLOYERS.format(**_WORDS)
