"""Two records of one person are merged, and split again; people are found by name and by sound.

Only the authority merges, and the web's role may write neither `merges` nor `professionals`: it
calls functions that look themselves whether both records are in the actor's charge. One merge at
a time in the whole database, so that no two of them make a circle together.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FUNCTIONS = """
-- A person's records, this one and all that were merged into it: each gets what is true of today
-- for the one that the others were merged into. The same as `snapshot.py` does every night.
CREATE FUNCTION settle_person(root bigint, day date) RETURNS void LANGUAGE sql
SET search_path = public, pg_temp AS $$
    WITH RECURSIVE tree (id) AS (
        SELECT root
        UNION
        SELECT m.professional_id FROM merges m JOIN tree ON m.into_id = tree.id
        WHERE m.known_to IS NULL
    ), place AS (
        SELECT e.employer_id, e.department, u.region_path, u.sector
        FROM (SELECT) one LEFT JOIN (
            employments e JOIN employers u ON u.id = e.employer_id
        ) ON e.professional_id = root AND e.known_to IS NULL
            AND e.valid_from <= day AND (e.valid_to IS NULL OR e.valid_to > day)
    )
    UPDATE professionals p SET merged_into = nullif(root, p.id), employer_id = place.employer_id,
        department = place.department, region_path = place.region_path, sector = place.sector
    FROM tree, place WHERE p.id = tree.id
$$;

-- Answers nothing if it was done, else why not.
CREATE FUNCTION merge_people(the_person bigint, the_other bigint, the_reason text,
                             at_time timestamptz, day date)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    root bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('merges', 0));
    IF NOT (in_actors_charge(the_person) AND in_actors_charge(the_other)) THEN
        RETURN 'not_found';
    END IF;
    root := (SELECT coalesce(merged_into, id) FROM professionals WHERE id = the_other);
    IF root = the_person OR the_other = the_person THEN
        RETURN 'same';
    END IF;
    IF (SELECT merged_into FROM professionals WHERE id = the_person) IS NOT NULL THEN
        RETURN 'merged_already';
    END IF;
    INSERT INTO merges (professional_id, into_id, reason, valid_from, known_from, recorded_by,
                        source)
    VALUES (the_person, the_other, the_reason, date '0001-01-01', at_time, actor_user(), 'page');
    PERFORM settle_person(root, day);
    RETURN NULL;
END $$;

CREATE FUNCTION split_person(the_person bigint, at_time timestamptz, day date)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('merges', 0));
    IF NOT in_actors_charge(the_person) THEN
        RETURN 'not_found';
    END IF;
    UPDATE merges SET known_to = greatest(at_time, known_from)
    WHERE professional_id = the_person AND known_to IS NULL;
    IF NOT FOUND THEN
        RETURN 'not_merged';
    END IF;
    PERFORM settle_person(the_person, day);
    RETURN NULL;
END $$;

CREATE FUNCTION in_actors_charge(the_person bigint) RETURNS boolean LANGUAGE sql STABLE
SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM professionals
        WHERE id = the_person AND starts_with(region_path, actor_charge())
          AND coalesce(sector = actor_sector(), true))
$$;

GRANT EXECUTE ON FUNCTION merge_people, split_person TO ce_web;
"""

ENTER_AS = """
CREATE OR REPLACE FUNCTION enter_as(the_user uuid) RETURNS jsonb LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    u users;
BEGIN
    SELECT * INTO u FROM users WHERE id = the_user AND disabled_at IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;{whoever_it_is}
    PERFORM set_config('ce.user_id', u.id::text, true),
            set_config('ce.role', u.role, true),
            set_config('ce.employer_id', coalesce(u.employer_id::text, ''), true),
            set_config('ce.provider_id', coalesce(u.provider_id::text, ''), true),
            set_config('ce.professional_id', coalesce(u.professional_id::text, ''), true),
            set_config('ce.region', u.region_path, true),
            set_config('ce.sector', coalesce(u.sector, ''), true);
    RETURN jsonb_build_object(
        'user_id', u.id, 'login', u.login, 'display_name', u.display_name, 'role', u.role,
        'region_path', u.region_path, 'sector', u.sector, 'employer_id', u.employer_id,
        'provider_id', u.provider_id, 'professional_id', u.professional_id,
        'must_change_password', u.must_change_password, 'demo', u.demo,
        'place', CASE u.role
            WHEN 'employer' THEN (SELECT name FROM employers WHERE id = u.employer_id)
            WHEN 'provider' THEN (SELECT name FROM providers WHERE id = u.provider_id)
            WHEN 'professional' THEN
                (SELECT name FROM professionals WHERE id = u.professional_id)
            ELSE (SELECT name FROM regions WHERE path = u.region_path)
        END);
END $$;
"""

WHOEVER_IT_IS = """
    -- An account of a record that was merged is an account of the person.
    u.professional_id := (
        SELECT coalesce(merged_into, id) FROM professionals WHERE id = u.professional_id);"""

SEES_AUDIT = """
DROP POLICY web_sees ON audit_entries;
CREATE POLICY web_sees ON audit_entries FOR SELECT TO ce_web USING (
    actor_id = (SELECT actor_user())
    OR subject_user_id = (SELECT actor_user())
    OR professional_id = (SELECT actor_professional()){or_merged}
);
"""

OR_MERGED = """
    OR professional_id IN (
        SELECT id FROM professionals WHERE merged_into = (SELECT actor_professional()))"""

FINDING = """
-- By the bytes on any server, whatever its language, so that one index finds a beginning and
-- sorts. Pinyin is plain ASCII. The initials have a column of their own: under row security an
-- index is asked only with functions that are known to leak nothing, and split_part() is not.
ALTER TABLE professionals ALTER pinyin TYPE text COLLATE "C";
ALTER TABLE professionals ADD initials text COLLATE "C" NOT NULL
    GENERATED ALWAYS AS (split_part(pinyin, ' ', 2)) STORED;
GRANT SELECT (initials) ON professionals TO ce_web;
CREATE INDEX professionals_pinyin_id_idx ON professionals (pinyin, id);
CREATE INDEX professionals_initials_idx ON professionals (initials);
CREATE INDEX professionals_name_idx ON professionals (name text_pattern_ops);
"""


def upgrade() -> None:
    op.execute(FUNCTIONS)
    op.execute(ENTER_AS.format(whoever_it_is=WHOEVER_IT_IS))
    op.execute(SEES_AUDIT.format(or_merged=OR_MERGED))
    op.execute(FINDING)


def downgrade() -> None:
    op.execute("DROP INDEX professionals_name_idx, professionals_pinyin_id_idx")
    op.execute("ALTER TABLE professionals DROP initials")
    op.execute('ALTER TABLE professionals ALTER pinyin TYPE text COLLATE "default"')
    op.execute(SEES_AUDIT.format(or_merged=""))
    op.execute(ENTER_AS.format(whoever_it_is=""))
    op.execute("DROP FUNCTION split_person, merge_people, in_actors_charge, settle_person")
