-- Decisions of models at run time: much, inserted and read only. By month, so that old months can be
-- moved or dropped whole; references by hash, so that each is told once, whatever the month.
CREATE SEQUENCE governance_batch_number;

CREATE TABLE governance_decision (
    received_at timestamptz NOT NULL,
    batch_id bigint NOT NULL,
    position integer NOT NULL CHECK (position >= 0),
    release_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    answer varchar(10) NOT NULL CHECK (answer IN ('proceed', 'hold', 'restricted', 'stop')),
    fired varchar(400) NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (received_at, batch_id, position)
) PARTITION BY RANGE (received_at);
CREATE TABLE governance_decision_other PARTITION OF governance_decision DEFAULT;
CREATE INDEX governance_decision_release ON governance_decision (release_id, received_at);

CREATE TABLE governance_decisionkey (
    gateway_id uuid NOT NULL,
    reference varchar(160) NOT NULL,
    digest varchar(64) NOT NULL,
    batch_id bigint NOT NULL,
    position integer NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (gateway_id, reference)
) PARTITION BY HASH (gateway_id, reference);
DO $$
BEGIN
    FOR part IN 0..7 LOOP
        EXECUTE format('CREATE TABLE governance_decisionkey_%s PARTITION OF governance_decisionkey'
            ' FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
    END LOOP;
END $$;

-- The months from the one of `since` on have their partition. The application may call it and owns
-- nothing; a month of which decisions lie in the rest already stays there.
CREATE FUNCTION mingce_make_partitions(since date, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', since);
    next_day date;
    made integer := 0;
BEGIN
    FOR step IN 1..least(months, 24) LOOP
        next_day := first_day + interval '1 month';
        IF to_regclass('public.governance_decision_' || to_char(first_day, 'YYYYMM')) IS NULL
           AND NOT EXISTS (SELECT 1 FROM public.governance_decision_other
                           WHERE received_at >= first_day::timestamp AT TIME ZONE 'UTC'
                           AND received_at < next_day::timestamp AT TIME ZONE 'UTC') THEN
            EXECUTE format(
                'CREATE TABLE public.governance_decision_%s PARTITION OF public.governance_decision'
                ' FOR VALUES FROM (%L) TO (%L)', to_char(first_day, 'YYYYMM'),
                first_day::timestamp AT TIME ZONE 'UTC', next_day::timestamp AT TIME ZONE 'UTC');
            made := made + 1;
        END IF;
        first_day := next_day;
    END LOOP;
    RETURN made;
END $$;
SELECT mingce_make_partitions(current_date, 3);

-- Who may decide a case (SoD, regulations II.3.3 and II.4.2): not who owns, built or validated what
-- decided, nor vendor staff, machines or technical administrators.
CREATE FUNCTION mingce_case_is_lawful() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    person uuid;
BEGIN
    FOREACH person IN ARRAY ARRAY[NEW.first_by_id, NEW.decided_by_id] LOOP
        IF person IS NOT NULL AND mingce_is_barred(person, NEW.release_id) THEN
            RAISE EXCEPTION 'owner, developer, validator, vendor staff, machines and technical'
                ' administrators do not decide cases' USING ERRCODE = 'MC024';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
