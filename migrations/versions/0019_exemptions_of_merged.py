"""What somebody is let off counts whichever of their records has it; the last word wins."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# As it was, but for where an exemption is looked for.
CIRCUMSTANCES = """
CREATE OR REPLACE FUNCTION circumstances_of(the_person bigint, the_year integer, the_day date,
                                 the_moment timestamptz)
RETURNS json LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    records bigint[];
    general bigint;
    specialty bigint;
    w record;
    e record;
    x record;
BEGIN
    IF the_moment IS NULL THEN
        records := ARRAY(SELECT the_person UNION ALL
            SELECT id FROM professionals WHERE merged_into = the_person);
        SELECT sum(general_x100), sum(specialty_x100) INTO general, specialty
        FROM standings WHERE professional_id = ANY (records) AND year = the_year;
    ELSE
        records := same_person_at(the_person, the_moment);
        SELECT sum(l.hours_x100) FILTER (WHERE l.subject = 'general'),
            sum(l.hours_x100) FILTER (WHERE l.subject = 'specialty') INTO general, specialty
        FROM ledger_entries l JOIN postings q ON q.id = l.posting_id
        WHERE l.professional_id = ANY (records) AND l.year = the_year
          AND q.posted_at <= the_moment;
    END IF;
    SELECT m.employer_id, coalesce(f.region_path, u.region_path) AS region_path, f.level,
        f.affiliation, f.sector, f.public_institution INTO e
    FROM employments m JOIN employers u ON u.id = m.employer_id
    LEFT JOIN employer_facts f ON f.employer_id = m.employer_id
        AND f.valid_from <= the_day AND (f.valid_to IS NULL OR f.valid_to > the_day)
        AND CASE WHEN the_moment IS NULL THEN f.known_to IS NULL
            ELSE f.known_from <= the_moment AND (f.known_to IS NULL OR f.known_to > the_moment) END
    WHERE m.professional_id = the_person
      AND m.valid_from <= the_day AND (m.valid_to IS NULL OR m.valid_to > the_day)
      AND CASE WHEN the_moment IS NULL THEN m.known_to IS NULL
          ELSE m.known_from <= the_moment AND (m.known_to IS NULL OR m.known_to > the_moment) END
    LIMIT 1;
{exempt}    SELECT * INTO w FROM at_work(the_person, the_year, the_moment);
    RETURN json_build_object(
        'general_x100', coalesce(general, 0), 'specialty_x100', coalesce(specialty, 0),
        'required_x100', x.required_x100, 'exemption', x.kind,
        'employer_id', e.employer_id, 'region_path', e.region_path, 'level', e.level,
        'affiliation', e.affiliation, 'sector', e.sector,
        'public_institution', e.public_institution,
        'in_directory', CASE WHEN e.employer_id IS NOT NULL
            THEN in_directory(e.employer_id, e.region_path, the_day, the_moment) END,
        'first_day', w.first_day, 'last_day', w.last_day);
END $$;
"""

OF_EACH_RECORD = """    SELECT required_x100, kind INTO x FROM exemptions
    WHERE professional_id = ANY (records) AND valid_from = make_date(the_year, 1, 1)
      AND CASE WHEN the_moment IS NULL THEN known_to IS NULL
          ELSE known_from <= the_moment AND (known_to IS NULL OR known_to > the_moment) END
    ORDER BY known_from DESC, id DESC
    LIMIT 1;
"""

OF_ONE_RECORD = """    SELECT required_x100, kind INTO x FROM exemptions
    WHERE professional_id = the_person AND valid_from = make_date(the_year, 1, 1)
      AND CASE WHEN the_moment IS NULL THEN known_to IS NULL
          ELSE known_from <= the_moment AND (known_to IS NULL OR known_to > the_moment) END
    LIMIT 1;
"""


def upgrade() -> None:
    op.execute(CIRCUMSTANCES.format(exempt=OF_EACH_RECORD))


def downgrade() -> None:
    op.execute(CIRCUMSTANCES.format(exempt=OF_ONE_RECORD))
