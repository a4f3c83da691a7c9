"""Accounts: users, passwords, sign-ins, tokens.

The web's role may not read a password's hash, nor look up whose session or token a digest
belongs to. It calls the functions below, which run as the owner, answer one thing each, and tell
row security who is asking. Of their `search_path` the temporary schema is named and comes last:
unnamed it would come first, and a temporary table could stand in for a real one.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE users (
    id uuid DEFAULT uuidv7() CONSTRAINT users_pkey PRIMARY KEY,
    login text NOT NULL CONSTRAINT users_login_key UNIQUE
        CONSTRAINT users_login_check CHECK (login = lower(login) AND login <> ''),
    display_name text NOT NULL,
    role text NOT NULL,
    region_path text NOT NULL CONSTRAINT users_region_path_fkey REFERENCES regions,
    sector text CONSTRAINT users_sector_check CHECK (sector IN ('education', 'health',
        'agriculture', 'forestry', 'water', 'industry', 'statistics', 'other')),
    provider_id bigint CONSTRAINT users_provider_id_fkey REFERENCES providers,
    employer_id bigint CONSTRAINT users_employer_id_fkey REFERENCES employers,
    professional_id bigint CONSTRAINT users_professional_id_fkey REFERENCES professionals,
    must_change_password boolean NOT NULL,
    demo boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    CONSTRAINT users_binding_check CHECK (CASE role
        WHEN 'provider' THEN provider_id IS NOT NULL
            AND num_nonnulls(employer_id, professional_id, sector) = 0
        WHEN 'employer' THEN employer_id IS NOT NULL
            AND num_nonnulls(provider_id, professional_id, sector) = 0
        WHEN 'professional' THEN professional_id IS NOT NULL
            AND num_nonnulls(provider_id, employer_id, sector) = 0
        WHEN 'authority' THEN num_nonnulls(provider_id, employer_id, professional_id) = 0
        ELSE false END)
);
CREATE INDEX users_region_path_idx ON users (region_path text_pattern_ops);

CREATE TABLE passwords (
    user_id uuid CONSTRAINT passwords_pkey PRIMARY KEY
        CONSTRAINT passwords_user_id_fkey REFERENCES users ON DELETE CASCADE,
    argon2 text NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE web_sessions (
    id uuid DEFAULT uuidv7() CONSTRAINT web_sessions_pkey PRIMARY KEY,
    digest bytea NOT NULL CONSTRAINT web_sessions_digest_key UNIQUE,
    user_id uuid NOT NULL CONSTRAINT web_sessions_user_id_fkey REFERENCES users ON DELETE CASCADE,
    device text NOT NULL,
    address inet,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX web_sessions_user_id_idx ON web_sessions (user_id);

CREATE TABLE api_tokens (
    id uuid DEFAULT uuidv7() CONSTRAINT api_tokens_pkey PRIMARY KEY,
    digest bytea NOT NULL CONSTRAINT api_tokens_digest_key UNIQUE,
    prefix text NOT NULL,
    user_id uuid NOT NULL CONSTRAINT api_tokens_user_id_fkey REFERENCES users ON DELETE CASCADE,
    name text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_tokens_user_id_id_idx ON api_tokens (user_id, id);

CREATE TABLE sign_in_attempts (
    id uuid DEFAULT uuidv7() CONSTRAINT sign_in_attempts_pkey PRIMARY KEY,
    bucket bytea NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX sign_in_attempts_bucket_at_idx ON sign_in_attempts (bucket, at);
CREATE INDEX sign_in_attempts_at_idx ON sign_in_attempts (at);
"""

FUNCTIONS = """
-- Tell row security who is asking, for this transaction, and give back what is known of them.
CREATE FUNCTION enter_as(the_user uuid) RETURNS jsonb LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    u users;
BEGIN
    SELECT * INTO u FROM users WHERE id = the_user AND disabled_at IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
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

CREATE FUNCTION enter_by_session(the_digest bytea, at_time timestamptz, idle interval)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    s web_sessions;
BEGIN
    SELECT * INTO s FROM web_sessions
    WHERE digest = the_digest AND revoked_at IS NULL AND expires_at > at_time
      AND last_seen_at > at_time - idle;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    -- Once a minute is near enough, and keeps reads from writing.
    IF s.last_seen_at < at_time - interval '1 minute' THEN
        UPDATE web_sessions SET last_seen_at = at_time WHERE id = s.id;
    END IF;
    RETURN enter_as(s.user_id)
        || jsonb_build_object('web_session_id', s.id, 'signed_in_at', s.created_at);
END $$;

CREATE FUNCTION enter_by_token(the_digest bytea, at_time timestamptz)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    t api_tokens;
BEGIN
    SELECT * INTO t FROM api_tokens
    WHERE digest = the_digest AND revoked_at IS NULL AND expires_at > at_time;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF t.last_used_at IS NULL OR t.last_used_at < at_time - interval '1 minute' THEN
        UPDATE api_tokens SET last_used_at = at_time WHERE id = t.id;
    END IF;
    RETURN enter_as(t.user_id) || jsonb_build_object(
        'token_scopes', to_jsonb(t.scopes), 'token_expires_at', t.expires_at);
END $$;

-- The one hash that a sign-in needs. No login gives no row.
CREATE FUNCTION password_of(the_login text) RETURNS TABLE (user_id uuid, argon2 text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.id, p.argon2 FROM users u JOIN passwords p ON p.user_id = u.id
    WHERE u.login = the_login AND u.disabled_at IS NULL
$$;

-- One's own password, and nobody else's.
CREATE FUNCTION change_own_password(new_argon2 text, at_time timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE passwords SET argon2 = new_argon2, changed_at = at_time WHERE user_id = actor_user();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nobody is signed in' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE users SET must_change_password = false WHERE id = actor_user();
END $$;
"""

RULES = """
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE passwords ENABLE ROW LEVEL SECURITY;
ALTER TABLE web_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in_attempts ENABLE ROW LEVEL SECURITY;

GRANT SELECT ON users TO ce_web;
CREATE POLICY web ON users FOR SELECT TO ce_web USING (
    id = (SELECT actor_user())
    OR ((SELECT actor_sector()) IS NULL AND starts_with(region_path, (SELECT actor_charge())))
);

GRANT SELECT, INSERT, UPDATE (revoked_at) ON web_sessions TO ce_web;
CREATE POLICY web ON web_sessions TO ce_web USING (user_id = (SELECT actor_user()));

GRANT SELECT, INSERT, UPDATE (revoked_at) ON api_tokens TO ce_web;
CREATE POLICY web ON api_tokens TO ce_web USING (user_id = (SELECT actor_user()));

-- Buckets are keyed digests that name nobody.
GRANT SELECT, INSERT, DELETE ON sign_in_attempts TO ce_web;
CREATE POLICY web ON sign_in_attempts TO ce_web USING (true);

GRANT SELECT, INSERT, UPDATE ON users, passwords TO ce_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON web_sessions, api_tokens, sign_in_attempts TO ce_worker;
CREATE POLICY worker ON users TO ce_worker USING (true);
CREATE POLICY worker ON passwords TO ce_worker USING (true);
CREATE POLICY worker ON web_sessions TO ce_worker USING (true);
CREATE POLICY worker ON api_tokens TO ce_worker USING (true);
CREATE POLICY worker ON sign_in_attempts TO ce_worker USING (true);

GRANT EXECUTE ON FUNCTION enter_by_session, enter_by_token, enter_as, password_of,
    change_own_password TO ce_web;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(FUNCTIONS)
    op.execute(RULES)


def downgrade() -> None:
    op.execute(
        "DROP FUNCTION change_own_password, password_of, enter_by_token, enter_by_session, enter_as"
    )
    op.execute("DROP TABLE sign_in_attempts, api_tokens, web_sessions, passwords, users")
