"""What is true when and since when it is known: units, people, titles, service."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SECTORS = (
    "'education', 'health', 'agriculture', 'forestry', 'water', 'industry', 'statistics', 'other'"
)
UNIT_LEVELS = "'province', 'city', 'county', 'township'"
TITLE_LEVELS = "'junior', 'intermediate', 'associate_senior', 'full_senior'"
TRACKS = "'unified', 'grassroots'"

ANCHORS = """
-- Units opened before codes were kept get a stand-in that no real code can be: it starts with X.
ALTER TABLE employers ADD credit_code text, ADD pinyin text;
UPDATE employers SET credit_code = 'X' || lpad(id::text, 17, '0'), pinyin = name;
ALTER TABLE employers ALTER credit_code SET NOT NULL, ALTER pinyin SET NOT NULL,
    ADD CONSTRAINT employers_credit_code_key UNIQUE (credit_code);
CREATE INDEX employers_pinyin_idx ON employers (pinyin text_pattern_ops);

ALTER TABLE providers ADD credit_code text, ADD pinyin text;
UPDATE providers SET credit_code = 'X' || lpad(id::text, 17, '0'), pinyin = name;
ALTER TABLE providers ALTER credit_code SET NOT NULL, ALTER pinyin SET NOT NULL,
    ADD CONSTRAINT providers_credit_code_key UNIQUE (credit_code);
CREATE INDEX providers_pinyin_idx ON providers (pinyin text_pattern_ops);

ALTER TABLE professionals
    ADD pinyin text, ADD id_kind text, ADD id_tail text,
    ADD employer_id bigint CONSTRAINT professionals_employer_id_fkey REFERENCES employers,
    ADD department text,
    ADD region_path text CONSTRAINT professionals_region_path_fkey REFERENCES regions,
    ADD sector text,
    ADD merged_into bigint CONSTRAINT professionals_merged_into_fkey REFERENCES professionals;
UPDATE professionals SET pinyin = name, id_kind = 'resident', id_tail = '';
ALTER TABLE professionals ALTER pinyin SET NOT NULL, ALTER id_kind SET NOT NULL,
    ALTER id_tail SET NOT NULL,
    ADD CONSTRAINT professionals_id_kind_check CHECK (id_kind IN
        ('resident', 'foreign_permanent', 'hong_kong', 'macao', 'taiwan'));
CREATE INDEX professionals_employer_id_pinyin_idx ON professionals (employer_id, pinyin);
CREATE INDEX professionals_region_path_idx ON professionals (region_path text_pattern_ops);
CREATE INDEX professionals_merged_into_idx ON professionals (merged_into)
    WHERE merged_into IS NOT NULL;

CREATE TABLE title_series (
    code text CONSTRAINT title_series_pkey PRIMARY KEY,
    name text NOT NULL,
    sector text NOT NULL,
    title_names jsonb NOT NULL
);
CREATE TABLE fields (
    code text CONSTRAINT fields_pkey PRIMARY KEY,
    name text NOT NULL,
    series_code text NOT NULL CONSTRAINT fields_series_code_fkey REFERENCES title_series
);
CREATE INDEX fields_series_code_idx ON fields (series_code);
GRANT SELECT ON title_series, fields TO ce_web, ce_worker;
"""

GUARD = """
-- A fact is added, and our belief in it ended once; nothing else ever happens to it.
CREATE FUNCTION only_known_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.known_to IS NULL AND NEW.known_to >= OLD.known_from
        AND to_jsonb(NEW) - 'known_to' = to_jsonb(OLD) - 'known_to'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% on % is refused: facts are corrected by adding', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""

# Table → its subject and the columns that say something.
FACTS: dict[str, tuple[str, str]] = {
    "employer_facts": (
        "employer",
        f"""name text NOT NULL,
        region_path text NOT NULL REFERENCES regions,
        level text NOT NULL CHECK (level IN ({UNIT_LEVELS})),
        affiliation text NOT NULL CHECK (affiliation IN ({UNIT_LEVELS})),
        sector text NOT NULL CHECK (sector IN ({SECTORS})),
        public_institution boolean NOT NULL""",
    ),
    "provider_facts": (
        "provider",
        f"""name text NOT NULL,
        kind text NOT NULL CHECK (kind IN
            ('base', 'university', 'superior_unit', 'association')),
        region_path text NOT NULL REFERENCES regions,
        sector text NOT NULL CHECK (sector IN ({SECTORS}))""",
    ),
    "accreditations": (
        "provider",
        """level text NOT NULL CHECK (level IN ('national', 'province', 'city', 'county')),
        document text NOT NULL,
        field_codes text[] NOT NULL""",
    ),
    "employments": (
        "professional",
        """employer_id bigint NOT NULL REFERENCES employers,
        department text""",
    ),
    "titles": (
        "professional",
        f"""level text NOT NULL CHECK (level IN ({TITLE_LEVELS})),
        track text NOT NULL CHECK (track IN ({TRACKS})),
        series_code text NOT NULL REFERENCES title_series,
        field_code text REFERENCES fields,
        name text NOT NULL""",
    ),
    "appointments": (
        "professional",
        f"""employer_id bigint NOT NULL REFERENCES employers,
        level text NOT NULL CHECK (level IN ({TITLE_LEVELS})),
        track text NOT NULL CHECK (track IN ({TRACKS})),
        series_code text NOT NULL REFERENCES title_series""",
    ),
    "service_spells": (
        "professional",
        """region_path text NOT NULL REFERENCES regions,
        unit text NOT NULL,
        rural boolean NOT NULL,
        township boolean NOT NULL""",
    ),
    "appraisals": (
        "professional",
        """grade text NOT NULL CHECK (grade IN
            ('excellent', 'competent', 'basically_competent', 'incompetent'))""",
    ),
    "merges": (
        "professional",
        """into_id bigint NOT NULL REFERENCES professionals CHECK (into_id <> professional_id),
        reason text NOT NULL CHECK (reason <> '')""",
    ),
}

READ_ONLY_FOR_THE_WEB = {"merges", "employments"}
"""What moves a person from one to another's sight is done by the worker."""

SEES_LESS = {
    # Where somebody worked before is no employer's business.
    "employments": " AND coalesce(employments.employer_id = (SELECT actor_employer()), true)",
}
MAY_CORRECT = {
    # A unit does not change its own standing, nor a base its own accreditation.
    "employer": "(SELECT actor_charge()) IS NOT NULL",
    "provider": "(SELECT actor_charge()) IS NOT NULL",
    # A person sees what is known of them; whoever employs them answers for it.
    "professional": "(SELECT actor_charge()) IS NOT NULL OR (SELECT actor_employer()) IS NOT NULL",
}


def _create(table: str, subject: str, columns: str) -> str:
    return f"""
    CREATE TABLE {table} (
        id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT {table}_pkey PRIMARY KEY,
        {subject}_id bigint NOT NULL REFERENCES {subject}s,
        {columns},
        valid_from date NOT NULL,
        valid_to date,
        known_from timestamptz NOT NULL,
        known_to timestamptz,
        recorded_by uuid REFERENCES users,
        source text NOT NULL,
        CONSTRAINT {table}_valid_check CHECK (valid_from < valid_to),
        CONSTRAINT {table}_known_check CHECK (known_from <= known_to)
    );
    CREATE INDEX {table}_{subject}_id_valid_from_idx ON {table} ({subject}_id, valid_from);
    CREATE TRIGGER only_known_to BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION only_known_to();
    CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    GRANT SELECT, INSERT, UPDATE (known_to) ON {table} TO ce_worker;
    CREATE POLICY worker ON {table} TO ce_worker USING (true);
    GRANT SELECT ON {table} TO ce_web;
    -- Whoever sees the subject sees what is known of it: the subject's own policy decides.
    CREATE POLICY web_sees ON {table} FOR SELECT TO ce_web USING (
        EXISTS (SELECT FROM {subject}s s WHERE s.id = {subject}_id){SEES_LESS.get(table, "")}
    );
    """


def _allow_corrections(table: str, subject: str) -> str:
    return f"""
    GRANT INSERT, UPDATE (known_to) ON {table} TO ce_web;
    CREATE POLICY web_adds ON {table} FOR INSERT TO ce_web WITH CHECK (
        recorded_by = (SELECT actor_user()) AND known_to IS NULL
        AND ({MAY_CORRECT[subject]})
        AND EXISTS (SELECT FROM {subject}s s WHERE s.id = {subject}_id)
    );
    CREATE POLICY web_corrects ON {table} FOR UPDATE TO ce_web USING (
        ({MAY_CORRECT[subject]})
        AND EXISTS (SELECT FROM {subject}s s WHERE s.id = {subject}_id)
    );
    """


RULES = """
DROP POLICY web ON professionals;
CREATE POLICY web ON professionals FOR SELECT TO ce_web USING (
    id = (SELECT actor_professional())
    OR merged_into = (SELECT actor_professional())
    OR employer_id = (SELECT actor_employer())
    OR (starts_with(region_path, (SELECT actor_charge()))
        AND coalesce(sector = (SELECT actor_sector()), true))
);
-- The sealed number itself only through reveal_id_number().
REVOKE SELECT ON professionals FROM ce_web;
GRANT SELECT (id, name, pinyin, id_kind, id_tail, id_number_index, employer_id, department,
    region_path, sector, merged_into) ON professionals TO ce_web;

GRANT INSERT (credit_code, name, pinyin, region_path, sector),
    UPDATE (name, pinyin, region_path, sector) ON employers, providers TO ce_web;
CREATE POLICY web_adds ON employers FOR INSERT TO ce_web WITH CHECK (
    starts_with(region_path, (SELECT actor_charge()))
    AND coalesce(sector = (SELECT actor_sector()), true)
);
CREATE POLICY web_changes ON employers FOR UPDATE TO ce_web USING (
    starts_with(region_path, (SELECT actor_charge()))
    AND coalesce(sector = (SELECT actor_sector()), true)
);
CREATE POLICY web_adds ON providers FOR INSERT TO ce_web WITH CHECK (
    starts_with(region_path, (SELECT actor_charge()))
    AND coalesce(sector = (SELECT actor_sector()), true)
);
CREATE POLICY web_changes ON providers FOR UPDATE TO ce_web USING (
    starts_with(region_path, (SELECT actor_charge()))
    AND coalesce(sector = (SELECT actor_sector()), true)
);

-- One writer at a time for what is known of a person, also where the writer may not change the
-- person's row and so could not lock it.
CREATE FUNCTION hold_professional(the_person bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT FROM professionals WHERE id = the_person FOR UPDATE
$$;

-- What a unit is called is public, and stands in people's records wherever the unit lies.
CREATE FUNCTION employer_names(ids bigint[]) RETURNS TABLE (id bigint, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.id, e.name FROM employers e WHERE e.id = ANY (ids)
$$;
GRANT EXECUTE ON FUNCTION hold_professional, employer_names TO ce_web, ce_worker;

-- Opens nothing itself, but hands out what can be opened only together with a row in the audit
-- that the person can read.
CREATE FUNCTION reveal_id_number(the_person bigint, purpose text, at_time timestamptz,
                                 name_of_actor text, request text)
RETURNS bytea LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    p professionals;
BEGIN
    IF length(btrim(coalesce(purpose, ''))) < 4 THEN
        RAISE EXCEPTION 'an ID number is revealed for a written purpose alone';
    END IF;
    SELECT * INTO p FROM professionals
    WHERE id = the_person
      AND (employer_id = actor_employer()
           OR (starts_with(region_path, actor_charge())
               AND coalesce(sector = actor_sector(), true)));
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO audit_entries (at, actor_id, actor_name, action, subject, professional_id,
                               region_path, reason, request_id)
    VALUES (at_time, actor_user(), name_of_actor, 'id_number.revealed', p.name,
            p.id, p.region_path, purpose, request);
    RETURN p.id_number_sealed;
END $$;
GRANT EXECUTE ON FUNCTION reveal_id_number TO ce_web;
"""


def upgrade() -> None:
    op.execute(ANCHORS)
    op.execute(GUARD)
    for table, (subject, columns) in FACTS.items():
        op.execute(_create(table, subject, columns))
        if table not in READ_ONLY_FOR_THE_WEB:
            op.execute(_allow_corrections(table, subject))
    op.execute("CREATE INDEX employments_employer_id_idx ON employments (employer_id)")
    op.execute("CREATE INDEX merges_into_id_idx ON merges (into_id)")
    op.execute(RULES)


def downgrade() -> None:
    op.execute("DROP FUNCTION reveal_id_number, employer_names, hold_professional")
    op.execute("DROP POLICY web_changes ON providers; DROP POLICY web_adds ON providers")
    op.execute("DROP POLICY web_changes ON employers; DROP POLICY web_adds ON employers")
    op.execute("REVOKE INSERT, UPDATE ON employers, providers FROM ce_web")
    op.execute("REVOKE ALL ON professionals FROM ce_web; GRANT SELECT ON professionals TO ce_web")
    op.execute("DROP POLICY web ON professionals")
    op.execute(
        "CREATE POLICY web ON professionals FOR SELECT TO ce_web"
        " USING (id = (SELECT actor_professional()))"
    )
    op.execute(f"DROP TABLE {', '.join(reversed(FACTS))}")
    op.execute("DROP FUNCTION only_known_to")
    op.execute("DROP TABLE fields, title_series")
    op.execute(
        "ALTER TABLE professionals DROP pinyin, DROP id_kind, DROP id_tail, DROP employer_id,"
        " DROP department, DROP region_path, DROP sector, DROP merged_into"
    )
    op.execute("ALTER TABLE employers DROP credit_code, DROP pinyin")
    op.execute("ALTER TABLE providers DROP credit_code, DROP pinyin")
