-- Observations of metrics: much, inserted and read only. By month of the observation, so that a chart
-- reads a few small indexes and old months can be moved or dropped whole.
CREATE SEQUENCE governance_metric_report_number;

CREATE TABLE governance_observation (
    metric_id uuid NOT NULL,
    segment varchar(100) NOT NULL,
    at timestamptz NOT NULL,
    revision smallint NOT NULL CHECK (revision >= 0),
    value double precision NOT NULL
        CHECK (value > '-infinity'::float8 AND value < 'infinity'::float8),
    count bigint CHECK (count >= 0),
    inputs text NOT NULL,
    verdict varchar(8) NOT NULL CHECK (verdict IN ('unjudged', 'ok', 'warn', 'act')),
    threshold_id uuid,
    pack_id uuid NOT NULL,
    report_id bigint NOT NULL,
    place integer NOT NULL CHECK (place >= 0),
    PRIMARY KEY (metric_id, segment, at, revision)
) PARTITION BY RANGE (at);
CREATE TABLE governance_observation_other PARTITION OF governance_observation DEFAULT;
CREATE INDEX governance_observation_report ON governance_observation (report_id, place);

-- The months from the one of `since` on have their partition. The application may call it and owns
-- nothing; a month of which observations lie in the rest already stays there.
CREATE FUNCTION mingce_make_observation_partitions(since date, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', since);
    next_day date;
    made integer := 0;
BEGIN
    IF since IS NULL OR since NOT BETWEEN current_date - 3660 AND current_date + 732 THEN
        RAISE EXCEPTION 'no observations are expected then' USING ERRCODE = '22008';
    END IF;
    FOR step IN 1..least(months, 24) LOOP
        next_day := first_day + interval '1 month';
        IF to_regclass('public.governance_observation_' || to_char(first_day, 'YYYYMM')) IS NULL
           AND NOT EXISTS (SELECT 1 FROM public.governance_observation_other
                           WHERE at >= first_day::timestamp AT TIME ZONE 'UTC'
                           AND at < next_day::timestamp AT TIME ZONE 'UTC') THEN
            EXECUTE format(
                'CREATE TABLE public.governance_observation_%s PARTITION OF'
                ' public.governance_observation FOR VALUES FROM (%L) TO (%L)',
                to_char(first_day, 'YYYYMM'),
                first_day::timestamp AT TIME ZONE 'UTC', next_day::timestamp AT TIME ZONE 'UTC');
            made := made + 1;
        END IF;
        first_day := next_day;
    END LOOP;
    RETURN made;
END $$;
SELECT mingce_make_observation_partitions((current_date - interval '6 months')::date, 9);

-- Whoever owns, built or validated the model, machines and administrators loosen none of its limits
-- (SoD, regulations II.3.3), whatever the row says of itself: they may only tighten them.
CREATE FUNCTION mingce_threshold_is_lawful() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    prior record;
    before integer := 0;
    is_looser boolean := cardinality(NEW.loosens) > 0 OR 'stop' = ANY (NEW.effects);
BEGIN
    SELECT * INTO prior FROM governance_threshold
        WHERE metric_id = NEW.metric_id AND segment = NEW.segment ORDER BY number DESC LIMIT 1;
    IF FOUND THEN
        before := prior.number;
    END IF;
    IF NEW.number <> before + 1 THEN
        RAISE EXCEPTION 'thresholds are numbered without gaps' USING ERRCODE = 'MC027';
    END IF;
    IF before > 0 THEN
        is_looser := is_looser OR NEW.bound <> prior.bound OR NEW.consecutive > prior.consecutive
            OR NOT NEW.effects @> prior.effects
            OR coalesce(NEW.warn_high, 'infinity') > coalesce(prior.warn_high, 'infinity')
            OR coalesce(NEW.act_high, 'infinity') > coalesce(prior.act_high, 'infinity')
            OR coalesce(NEW.warn_low, '-infinity') < coalesce(prior.warn_low, '-infinity')
            OR coalesce(NEW.act_low, '-infinity') < coalesce(prior.act_low, '-infinity')
            OR (NEW.bound = 'drop' AND coalesce(NEW.baseline, '-infinity')
                < coalesce(prior.baseline, '-infinity'))
            OR (NEW.bound = 'shift' AND NEW.baseline IS DISTINCT FROM prior.baseline);
    END IF;
    IF is_looser AND mingce_is_barred(
        NEW.set_by_id, (SELECT release_id FROM governance_metric WHERE id = NEW.metric_id)
    ) THEN
        RAISE EXCEPTION 'limits are loosened, and stops put in force, by the second line alone'
            USING ERRCODE = 'MC027';
    END IF;
    RETURN NEW;
END $$;

-- Nor does one of them end a metric of the policy's, but for a release that has been retired.
CREATE FUNCTION mingce_metric_is_lawful() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.state = 'open' AND NEW.state = 'closed' AND NEW.name_zh = ''
       AND NOT EXISTS (SELECT 1 FROM registry_release WHERE id = NEW.release_id AND stage = 'S8')
       AND (NEW.closed_by_id IS NULL OR mingce_is_barred(NEW.closed_by_id, NEW.release_id)) THEN
        RAISE EXCEPTION 'a metric of the policy is ended by the second line' USING ERRCODE = 'MC027';
    END IF;
    RETURN NEW;
END $$;

-- A breach is of a metric of its release; what reached the level of action is closed by somebody
-- without an interest in it, and what is over stays over.
CREATE FUNCTION mingce_breach_is_lawful() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT 1 FROM governance_metric
                       WHERE id = NEW.metric_id AND release_id = NEW.release_id) THEN
            RAISE EXCEPTION 'a breach is of a metric of its release' USING ERRCODE = 'MC028';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state = 'closed' THEN
        RAISE EXCEPTION 'a closed breach stays closed' USING ERRCODE = 'MC028';
    END IF;
    IF OLD.level = 'act' AND NEW.level <> 'act' THEN
        RAISE EXCEPTION 'a breach keeps the gravest level it has reached' USING ERRCODE = 'MC028';
    END IF;
    IF NEW.state = 'closed' AND NEW.outcome <> 'by_itself' AND NEW.level = 'act'
       AND (NEW.closed_by_id IS NULL OR mingce_is_barred(NEW.closed_by_id, NEW.release_id)) THEN
        RAISE EXCEPTION 'what called for action is closed by the second line' USING ERRCODE = 'MC028';
    END IF;
    IF NEW.state = 'closed' AND NEW.outcome = 'by_itself' AND NEW.kind <> 'silent' THEN
        RAISE EXCEPTION 'only silence is over by itself' USING ERRCODE = 'MC028';
    END IF;
    RETURN NEW;
END $$;
