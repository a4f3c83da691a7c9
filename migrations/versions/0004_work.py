"""Jobs and the worker's heartbeat; the audit; remembered answers."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE jobs (
    id uuid DEFAULT uuidv7() CONSTRAINT jobs_pkey PRIMARY KEY,
    kind text NOT NULL,
    key text NOT NULL,
    payload jsonb NOT NULL,
    place jsonb NOT NULL DEFAULT '{}',
    due_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CONSTRAINT jobs_state_check
        CHECK (state IN ('waiting', 'running', 'done', 'dead')),
    attempts smallint NOT NULL DEFAULT 0,
    steps_done bigint NOT NULL DEFAULT 0,
    steps_total bigint,
    error text,
    asked_by uuid CONSTRAINT jobs_asked_by_fkey REFERENCES users,
    region_path text CONSTRAINT jobs_region_path_fkey REFERENCES regions,
    request_id text,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT jobs_kind_key_key UNIQUE (kind, key),
    CONSTRAINT jobs_steps_check CHECK (steps_done >= 0 AND steps_done <= steps_total)
);
CREATE INDEX jobs_open_idx ON jobs (due_at) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_state_id_idx ON jobs (state, id);

CREATE TABLE heartbeats (
    name text CONSTRAINT heartbeats_pkey PRIMARY KEY,
    at timestamptz NOT NULL
);

CREATE TABLE audit_entries (
    id uuid DEFAULT uuidv7() CONSTRAINT audit_entries_pkey PRIMARY KEY,
    at timestamptz NOT NULL,
    actor_id uuid CONSTRAINT audit_entries_actor_id_fkey REFERENCES users,
    actor_name text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    subject_user_id uuid CONSTRAINT audit_entries_subject_user_id_fkey REFERENCES users,
    professional_id bigint CONSTRAINT audit_entries_professional_id_fkey REFERENCES professionals,
    region_path text CONSTRAINT audit_entries_region_path_fkey REFERENCES regions,
    reason text,
    facts jsonb NOT NULL DEFAULT '{}',
    request_id text
);
CREATE INDEX audit_entries_actor_id_id_idx ON audit_entries (actor_id, id);
CREATE INDEX audit_entries_subject_user_id_id_idx ON audit_entries (subject_user_id, id);
CREATE INDEX audit_entries_professional_id_id_idx ON audit_entries (professional_id, id);
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE idempotent_answers (
    user_id uuid CONSTRAINT idempotent_answers_user_id_fkey REFERENCES users ON DELETE CASCADE,
    key_digest bytea,
    request_index bytea NOT NULL,
    made_at timestamptz NOT NULL,
    answer_sealed bytea,
    CONSTRAINT idempotent_answers_pkey PRIMARY KEY (user_id, key_digest)
);
CREATE INDEX idempotent_answers_made_at_idx ON idempotent_answers (made_at);
"""

FUNCTIONS = """
-- The advisory lock that claims a job.
CREATE FUNCTION job_lock(job uuid) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended(job::text, 0);

-- Who asks for a job that somebody else asked for already gets the same id.
CREATE FUNCTION job_id(the_kind text, the_key text) RETURNS uuid LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM jobs WHERE kind = the_kind AND key = the_key
$$;

-- For /metrics and /readyz, which no person asks for.
CREATE FUNCTION job_counts(at_time timestamptz)
RETURNS TABLE (state text, jobs bigint, longest_wait_seconds double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT state, count(*), greatest(0, max(extract(epoch FROM at_time - due_at)))::float8
    FROM jobs GROUP BY state
$$;
"""

RULES = """
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotent_answers ENABLE ROW LEVEL SECURITY;

GRANT SELECT, INSERT, UPDATE (state, attempts, error, due_at, finished_at) ON jobs TO ce_web;
CREATE POLICY web_sees ON jobs FOR SELECT TO ce_web USING (
    asked_by = (SELECT actor_user())
    OR ((SELECT actor_sector()) IS NULL AND starts_with(region_path, (SELECT actor_charge())))
    OR (region_path IS NULL AND (SELECT actor_steers()))
);
CREATE POLICY web_asks ON jobs FOR INSERT TO ce_web WITH CHECK (
    asked_by = (SELECT actor_user()) AND state = 'waiting'
);
CREATE POLICY web_restarts ON jobs FOR UPDATE TO ce_web USING (
    state = 'dead' AND (SELECT actor_charge()) IS NOT NULL AND (
        asked_by = (SELECT actor_user())
        OR ((SELECT actor_sector()) IS NULL AND starts_with(region_path, (SELECT actor_charge())))
        OR (region_path IS NULL AND (SELECT actor_steers())))
) WITH CHECK (state = 'waiting');

GRANT SELECT, INSERT ON audit_entries TO ce_web, ce_worker;
CREATE POLICY web_sees ON audit_entries FOR SELECT TO ce_web USING (
    actor_id = (SELECT actor_user())
    OR subject_user_id = (SELECT actor_user())
    OR professional_id = (SELECT actor_professional())
);
CREATE POLICY web_adds ON audit_entries FOR INSERT TO ce_web WITH CHECK (
    actor_id IS NOT DISTINCT FROM (SELECT actor_user())
);

GRANT SELECT, INSERT, UPDATE (answer_sealed) ON idempotent_answers TO ce_web;
CREATE POLICY web ON idempotent_answers TO ce_web USING (user_id = (SELECT actor_user()));

GRANT SELECT ON heartbeats TO ce_web;
GRANT SELECT, INSERT, UPDATE ON heartbeats TO ce_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON jobs TO ce_worker;
GRANT SELECT, UPDATE, DELETE ON idempotent_answers TO ce_worker;
CREATE POLICY worker ON jobs TO ce_worker USING (true);
CREATE POLICY worker ON audit_entries TO ce_worker USING (true);
CREATE POLICY worker ON idempotent_answers TO ce_worker USING (true);

GRANT EXECUTE ON FUNCTION job_lock, job_id, job_counts TO ce_web, ce_worker;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(FUNCTIONS)
    op.execute(RULES)


def downgrade() -> None:
    op.execute("DROP FUNCTION job_counts, job_id")
    op.execute("DROP TABLE idempotent_answers, audit_entries, heartbeats, jobs")
    op.execute("DROP FUNCTION job_lock")
