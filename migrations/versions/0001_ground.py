"""The ground: who is asking, and the regions.

The functions `actor_…()` read what the application has said of the actor in this transaction.
Policies call them inside a sub-select, so that they run once a statement and not once a row.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ACTOR = """
CREATE FUNCTION actor_user() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('ce.user_id', true), '')::uuid;

CREATE FUNCTION actor_employer() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('ce.employer_id', true), '')::bigint;

CREATE FUNCTION actor_provider() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('ce.provider_id', true), '')::bigint;

CREATE FUNCTION actor_professional() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('ce.professional_id', true), '')::bigint;

-- The region that an authority is in charge of; nothing for everybody else, so that
-- starts_with(row, nothing) hides the row.
CREATE FUNCTION actor_charge() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN current_setting('ce.role', true) = 'authority'
            THEN nullif(current_setting('ce.region', true), '') END;

CREATE FUNCTION actor_sector() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('ce.sector', true), '');

-- Answers for the whole installation: the authority of a province or of the country.
CREATE FUNCTION actor_steers() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(
    current_setting('ce.role', true) = 'authority'
    AND nullif(current_setting('ce.sector', true), '') IS NULL
    AND length(nullif(current_setting('ce.region', true), ''))
        - length(replace(current_setting('ce.region', true), '/', '')) <= 1, false);

-- For tables whose rows are only ever added.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: its rows are only ever added', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""

REGIONS = """
CREATE TABLE regions (
    path text CONSTRAINT regions_pkey PRIMARY KEY,
    code text NOT NULL GENERATED ALWAYS AS (substring(path FROM '[^/]+$')) STORED
        CONSTRAINT regions_code_key UNIQUE,
    name text NOT NULL,
    level text NOT NULL CONSTRAINT regions_level_check
        CHECK (level IN ('nation', 'province', 'city', 'county', 'zone')),
    parent_path text CONSTRAINT regions_parent_path_fkey REFERENCES regions,
    valid_from date,
    valid_to date,
    CONSTRAINT regions_dates_check CHECK (valid_from < valid_to)
);
CREATE INDEX regions_parent_path_idx ON regions (parent_path);
GRANT SELECT ON regions TO ce_web, ce_worker;
"""


def upgrade() -> None:
    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    op.execute("GRANT USAGE ON SCHEMA public TO ce_web, ce_worker")
    # A new function may be called by those who are granted it, not by everybody.
    op.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    op.execute(ACTOR)
    op.execute(
        "GRANT EXECUTE ON FUNCTION actor_user, actor_employer, actor_provider,"
        " actor_professional, actor_charge, actor_sector, actor_steers TO ce_web, ce_worker"
    )
    op.execute(REGIONS)
    op.execute("GRANT SELECT ON alembic_version TO ce_web, ce_worker")


def downgrade() -> None:
    op.execute("DROP TABLE regions")
    op.execute(
        "DROP FUNCTION actor_user, actor_employer, actor_provider, actor_professional,"
        " actor_charge, actor_sector, actor_steers, refuse_change"
    )
    op.execute("ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC")
    op.execute("REVOKE ALL ON alembic_version FROM ce_web, ce_worker")
    op.execute("REVOKE USAGE ON SCHEMA public FROM ce_web, ce_worker")
