-- A segment's first limits are compared with those of all segments, for which they stand in.

-- Whoever owns, built or validated the model, machines and administrators loosen none of its limits
-- (SoD, regulations II.3.3), whatever the row says of itself: they may only tighten them.
CREATE OR REPLACE FUNCTION mingce_threshold_is_lawful() RETURNS trigger LANGUAGE plpgsql
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
    ELSE
        SELECT * INTO prior FROM governance_threshold
            WHERE metric_id = NEW.metric_id AND segment = '' ORDER BY number DESC LIMIT 1;
    END IF;
    IF NEW.number <> before + 1 THEN
        RAISE EXCEPTION 'thresholds are numbered without gaps' USING ERRCODE = 'MC027';
    END IF;
    IF prior.number IS NOT NULL THEN
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
