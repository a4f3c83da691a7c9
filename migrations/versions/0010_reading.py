"""Somebody's hours of a year, read in one round trip: the whole answer is made where the rows are.

`hours_of` runs as whoever calls it, so row security decides what is among it; what the caller may
not see of a person it leaves out, and says so. `own_hours_by_token` is the same for who shows a
token: entering and reading are one statement, hence one transaction without BEGIN and COMMIT.

Its plans are made once for a connection and go from key to key. Left to itself PostgreSQL makes a
plan for each call, since the entries have many partitions, and reads small tables whole: five
times the work.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

FUNCTIONS = """
-- 800 → 8, 850 → 8.5, -825 → -8.25: exact, as `ce_tracker/hours.py` writes them.
CREATE FUNCTION hours_text(x100 bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN trim_scale(x100 * 0.01)::text;

-- All records of a person, as they were known to belong together at a moment. Of those that were
-- split off since, row security shows nothing: they are somebody else's.
CREATE FUNCTION same_person_at(the_person bigint, the_moment timestamptz) RETURNS bigint[]
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE known AS (
        SELECT professional_id, into_id FROM merges
        WHERE known_from <= the_moment AND (known_to IS NULL OR known_to > the_moment)
    ), up (id) AS (
        SELECT the_person
        UNION SELECT k.into_id FROM known k JOIN up ON k.professional_id = up.id
    ), down (id) AS (
        SELECT id FROM up
        UNION SELECT k.professional_id FROM known k JOIN down ON k.into_id = down.id
    )
    SELECT array_agg(id) FROM down
$$;

-- What the standings were at a moment, out of the entries. As with the standings of today,
-- whoever sees a person sees the sums, also of entries that they do not see one by one.
CREATE FUNCTION standings_at(records bigint[], the_moment timestamptz)
RETURNS TABLE (year smallint, general_x100 bigint, specialty_x100 bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.year,
        coalesce(sum(e.hours_x100) FILTER (WHERE e.subject = 'general'), 0),
        coalesce(sum(e.hours_x100) FILTER (WHERE e.subject = 'specialty'), 0)
    FROM ledger_entries e JOIN postings q ON q.id = e.posting_id
    WHERE q.posted_at <= the_moment AND e.professional_id = ANY (ARRAY(
        SELECT p.id FROM professionals p
        WHERE p.id = ANY (records) AND (
            p.id = actor_professional() OR p.merged_into = actor_professional()
            OR p.employer_id = actor_employer()
            OR (starts_with(p.region_path, actor_charge())
                AND coalesce(p.sector = actor_sector(), true)))))
    GROUP BY e.year
$$;

-- Nothing if there is no such person to be seen. `the_moment`: as it stood then; nothing: today.
CREATE FUNCTION hours_of(the_person bigint, the_year integer, the_moment timestamptz)
RETURNS text LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    p record;
    records bigint[];
    years json;
    general bigint;
    specialty bigint;
    at_position bigint;
    shown_from date;
    entries json;
BEGIN
    SELECT id, name, id_tail INTO p FROM professionals WHERE id = the_person;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF actor_employer() IS NOT NULL THEN
        shown_from := coalesce((
            SELECT min(valid_from) FROM employments
            WHERE professional_id = the_person AND employer_id = actor_employer()
              AND known_to IS NULL), 'infinity');
    END IF;
    IF the_moment IS NULL THEN
        records := ARRAY(
            SELECT the_person UNION ALL
            SELECT id FROM professionals WHERE merged_into = the_person);
        SELECT to_json(array_agg(DISTINCT t.year ORDER BY t.year DESC)),
            sum(general_x100) FILTER (WHERE t.year = the_year),
            sum(specialty_x100) FILTER (WHERE t.year = the_year)
        INTO years, general, specialty FROM standings t WHERE professional_id = ANY (records);
        at_position := (SELECT max(position) FROM postings);
    ELSE
        records := same_person_at(the_person, the_moment);
        SELECT to_json(array_agg(y.year ORDER BY y.year DESC)),
            sum(general_x100) FILTER (WHERE y.year = the_year),
            sum(specialty_x100) FILTER (WHERE y.year = the_year)
        INTO years, general, specialty FROM standings_at(records, the_moment) y;
        at_position := (SELECT max(position) FROM postings WHERE posted_at <= the_moment);
    END IF;
    entries := (
        SELECT json_agg(json_build_object(
            'session', json_build_object(
                'id', s.id, 'code', s.code, 'title', s.title, 'course', s.course,
                'subject', s.subject, 'series', s.series_code, 'field', s.field_code,
                'purpose', s.purpose, 'form', s.form, 'online', s.online, 'place', s.place,
                'starts_at', s.starts_at, 'ends_at', s.ends_at,
                'hours', hours_text(s.hours_x100), 'state', s.state),
            'provider', json_build_object('id', s.provider_id, 'name', s.provider_name),
            'finished_on', e.finished_on, 'hours', hours_text(e.hours_x100),
            'result', e.result, 'posted_at', e.posted_at,
            'reversal', CASE WHEN e.reversed_at IS NOT NULL THEN json_build_object(
                'hours', hours_text(-e.hours_x100), 'reason', e.reversed_because,
                'posted_at', e.reversed_at) END)
            ORDER BY e.finished_on, e.session_id, e.professional_id, e.revision)
        FROM (
            SELECT l.professional_id, l.session_id, l.revision, l.hours_x100, l.finished_on,
                l.result, q.posted_at, lead(l.reason) OVER of_session AS reversed_because,
                lead(q.posted_at) OVER of_session AS reversed_at
            FROM ledger_entries l JOIN postings q ON q.id = l.posting_id
            WHERE l.professional_id = ANY (records) AND l.year = the_year
              AND (the_moment IS NULL OR q.posted_at <= the_moment)
              AND (shown_from IS NULL OR l.finished_on >= shown_from)
            WINDOW of_session AS (
                PARTITION BY l.professional_id, l.session_id ORDER BY l.revision)
        ) e JOIN training_sessions s ON s.id = e.session_id
        WHERE e.revision % 2 = 1);
    RETURN json_build_object(
        'person', json_build_object('id', p.id, 'name', p.name, 'id_tail', p.id_tail),
        'year', the_year, 'years', coalesce(years, '[]'),
        'general', hours_text(coalesce(general, 0)),
        'specialty', hours_text(coalesce(specialty, 0)),
        'total', hours_text(coalesce(general + specialty, 0)),
        'shown_from', CASE WHEN shown_from > make_date(the_year, 1, 1)
            THEN least(shown_from, make_date(the_year + 1, 1, 1)) END,
        'as_of', the_moment, 'position', coalesce(at_position, 0),
        'entries', coalesce(entries, '[]'))::text;
END $$;

-- Who shows the token, and after a line end their hours, if they are a person. One text, since a
-- row of two would be put down and picked up again on its way.
CREATE FUNCTION own_hours_by_token(the_digest bytea, at_time timestamptz, the_year integer,
                                   the_moment timestamptz)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    actor text := enter_by_token(the_digest, at_time);
BEGIN
    RETURN concat_ws(E'\\n', actor, hours_of(actor_professional(), the_year, the_moment));
END $$;
GRANT EXECUTE ON FUNCTION hours_text, same_person_at, standings_at, hours_of, own_hours_by_token
    TO ce_web;
"""


def upgrade() -> None:
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute(
        "DROP FUNCTION own_hours_by_token, hours_of, standings_at, same_person_at, hours_text"
    )
