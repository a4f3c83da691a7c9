"""An employer's year counts everybody who worked there then, also whom it no longer sees.

The function hands out numbers alone, by what the picture of a year tells apart; names come through
row security as before.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

FUNCTION = """
CREATE FUNCTION employer_year(the_employer bigint, the_year integer, the_day date)
RETURNS TABLE (department text, series_code text, level text, broken smallint, doubtful smallint,
    required_x100 integer, people bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH everybody AS (
        SELECT p.id, e.department, s.broken, s.doubtful,
            -- Before there were any rules, nothing was owed.
            CASE WHEN cardinality(r.versions) > 0 THEN sign(s.required_x100)::integer ELSE 0 END
                AS owed
        FROM standings s
        JOIN rulesets r ON r.id = s.ruleset
        JOIN professionals p ON p.id = s.professional_id
        LEFT JOIN employments e ON e.professional_id = p.id AND e.employer_id = the_employer
            AND e.known_to IS NULL AND e.valid_from <= the_day
            AND coalesce(e.valid_to > the_day, true)
        WHERE s.employer_id = the_employer AND s.year = the_year AND s.ruleset <> 0
          AND p.merged_into IS NULL
          AND EXISTS (
            SELECT FROM employers u WHERE u.id = the_employer AND (
                u.id = actor_employer()
                OR (starts_with(u.region_path, actor_charge())
                    AND coalesce(u.sector = actor_sector(), true))))
    ), records AS (
        SELECT id AS record, id AS whose FROM everybody
        UNION ALL
        SELECT m.id, m.merged_into
        FROM professionals m JOIN everybody ON everybody.id = m.merged_into
    ), held AS (
        SELECT DISTINCT ON (o.whose) o.whose, t.series_code, t.level
        FROM records o JOIN titles t ON t.professional_id = o.record
        WHERE t.known_to IS NULL AND t.valid_from <= the_day
          AND coalesce(t.valid_to > the_day, true)
        ORDER BY o.whose, array_position(
            ARRAY['junior', 'intermediate', 'associate_senior', 'full_senior'],
            t.level::text) DESC NULLS LAST, t.valid_from DESC, t.id DESC
    )
    SELECT everybody.department, held.series_code, held.level::text, everybody.broken,
        everybody.doubtful, everybody.owed, count(*)
    FROM everybody LEFT JOIN held ON held.whose = everybody.id
    GROUP BY 1, 2, 3, 4, 5, 6
$$;
REVOKE EXECUTE ON FUNCTION employer_year FROM PUBLIC;
GRANT EXECUTE ON FUNCTION employer_year TO ce_web;
"""


def upgrade() -> None:
    op.execute(FUNCTION)


def downgrade() -> None:
    op.execute("DROP FUNCTION employer_year")
