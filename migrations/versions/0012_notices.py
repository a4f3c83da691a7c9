"""Notices: what people and employers are told, who has read it, and the mails that carry it.

A message keeps facts, and its words are made when somebody reads it: a night makes those of a
million people by `INSERT … SELECT`. The unique keys say how often one is told of the same thing.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = """
-- Who is to be told is found by what the account is bound to.
CREATE INDEX users_professional_id_idx ON users (professional_id)
    WHERE professional_id IS NOT NULL;
CREATE INDEX users_employer_id_idx ON users (employer_id) WHERE employer_id IS NOT NULL;

-- One row a night: the changes of which span it tells, and how far it has come.
CREATE TABLE notice_nights (
    night date CONSTRAINT notice_nights_pkey PRIMARY KEY,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    readers text NOT NULL CONSTRAINT notice_nights_readers_check
        CHECK (readers IN ('people', 'employers')),
    after bigint NOT NULL,
    finished_at timestamptz,
    CONSTRAINT notice_nights_span_check CHECK (since < until)
);

CREATE TABLE messages (
    id uuid DEFAULT uuidv7() CONSTRAINT messages_pkey PRIMARY KEY,
    professional_id bigint CONSTRAINT messages_professional_id_fkey REFERENCES professionals,
    employer_id bigint CONSTRAINT messages_employer_id_fkey REFERENCES employers,
    night date NOT NULL,
    year smallint NOT NULL,
    reminder smallint CONSTRAINT messages_reminder_check CHECK (reminder IN (90, 60, 30, 7)),
    facts jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT messages_to_check CHECK (num_nonnulls(professional_id, employer_id) = 1)
);
-- At most one a night; each reminder once a year.
CREATE UNIQUE INDEX messages_professional_id_night_key ON messages (professional_id, night)
    WHERE professional_id IS NOT NULL;
CREATE UNIQUE INDEX messages_employer_id_night_key ON messages (employer_id, night)
    WHERE employer_id IS NOT NULL;
CREATE UNIQUE INDEX messages_professional_id_year_reminder_key
    ON messages (professional_id, year, reminder)
    WHERE professional_id IS NOT NULL AND reminder IS NOT NULL;
CREATE UNIQUE INDEX messages_employer_id_year_reminder_key
    ON messages (employer_id, year, reminder)
    WHERE employer_id IS NOT NULL AND reminder IS NOT NULL;

CREATE TABLE message_reads (
    message_id uuid CONSTRAINT message_reads_message_id_fkey REFERENCES messages,
    user_id uuid CONSTRAINT message_reads_user_id_fkey REFERENCES users ON DELETE CASCADE,
    read_at timestamptz NOT NULL,
    CONSTRAINT message_reads_pkey PRIMARY KEY (message_id, user_id)
);

CREATE TABLE mail_addresses (
    user_id uuid CONSTRAINT mail_addresses_pkey PRIMARY KEY
        CONSTRAINT mail_addresses_user_id_fkey REFERENCES users ON DELETE CASCADE,
    address_sealed bytea NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE mails (
    id uuid DEFAULT uuidv7() CONSTRAINT mails_pkey PRIMARY KEY,
    message_id uuid NOT NULL CONSTRAINT mails_message_id_fkey REFERENCES messages,
    user_id uuid NOT NULL CONSTRAINT mails_user_id_fkey REFERENCES users ON DELETE CASCADE,
    state text NOT NULL DEFAULT 'waiting' CONSTRAINT mails_state_check
        CHECK (state IN ('waiting', 'sent', 'given_up')),
    attempts smallint NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    error text,
    sent_at timestamptz,
    CONSTRAINT mails_message_id_user_id_key UNIQUE (message_id, user_id),
    CONSTRAINT mails_sent_check CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX mails_due_at_idx ON mails (due_at) WHERE state = 'waiting';
CREATE INDEX mails_given_up_idx ON mails (id) WHERE state = 'given_up';
CREATE INDEX mails_user_id_idx ON mails (user_id);
"""

RULES = """
-- A mail says what was known when its message was made.
GRANT EXECUTE ON FUNCTION same_person_at TO ce_worker;

ALTER TABLE notice_nights ENABLE ROW LEVEL SECURITY;
ALTER TABLE messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE message_reads ENABLE ROW LEVEL SECURITY;
ALTER TABLE mail_addresses ENABLE ROW LEVEL SECURITY;
ALTER TABLE mails ENABLE ROW LEVEL SECURITY;

GRANT SELECT, INSERT, UPDATE ON notice_nights TO ce_worker;
GRANT SELECT, INSERT ON messages TO ce_worker;
GRANT SELECT ON message_reads TO ce_worker;
GRANT SELECT, UPDATE (address_sealed) ON mail_addresses TO ce_worker;
GRANT SELECT, INSERT, UPDATE ON mails TO ce_worker;
CREATE POLICY worker ON notice_nights TO ce_worker USING (true);
CREATE POLICY worker ON messages TO ce_worker USING (true);
CREATE POLICY worker ON message_reads TO ce_worker USING (true);
CREATE POLICY worker ON mail_addresses TO ce_worker USING (true);
CREATE POLICY worker ON mails TO ce_worker USING (true);

GRANT SELECT ON messages TO ce_web;
CREATE POLICY web_sees ON messages FOR SELECT TO ce_web USING (
    professional_id = (SELECT actor_professional()) OR employer_id = (SELECT actor_employer())
);
GRANT SELECT, INSERT ON message_reads TO ce_web;
CREATE POLICY web ON message_reads TO ce_web USING (user_id = (SELECT actor_user()))
    WITH CHECK (user_id = (SELECT actor_user())
                AND EXISTS (SELECT FROM messages m WHERE m.id = message_id));

GRANT SELECT, INSERT, UPDATE (address_sealed, changed_at), DELETE ON mail_addresses TO ce_web;
CREATE POLICY web ON mail_addresses TO ce_web USING (user_id = (SELECT actor_user()));

-- Whoever sees the account sees whether its mails arrive: the account's own policy decides.
GRANT SELECT, UPDATE (state, attempts, due_at, error) ON mails TO ce_web;
CREATE POLICY web_sees ON mails FOR SELECT TO ce_web USING (
    EXISTS (SELECT FROM users u WHERE u.id = user_id)
);
CREATE POLICY web_tries_again ON mails FOR UPDATE TO ce_web USING (
    state = 'given_up' AND (SELECT actor_charge()) IS NOT NULL
    AND EXISTS (SELECT FROM users u WHERE u.id = user_id)
) WITH CHECK (state = 'waiting');
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(RULES)


def downgrade() -> None:
    op.execute("REVOKE EXECUTE ON FUNCTION same_person_at FROM ce_worker")
    op.execute("DROP TABLE mails, mail_addresses, message_reads, messages, notice_nights")
    op.execute("DROP INDEX users_professional_id_idx, users_employer_id_idx")
