-- Measures of time cannot be added up over slices, so they are asked for a slice: an argument left
-- out means all. clock is the name of a clock date, or 'profile' for that of the deadline profile.
-- Days are whole days between UTC dates. severity is null in the row over all.
CREATE TEMP MACRO measure_clock(clock, published_at, fix_available_at, native_first_observed_at,
    first_seen_at, kev_added_at, evaluated_at, profile_at) AS CASE clock
    WHEN 'published_at' THEN published_at WHEN 'fix_available_at' THEN fix_available_at
    WHEN 'native_first_observed_at' THEN native_first_observed_at
    WHEN 'first_seen_at' THEN first_seen_at WHEN 'kev_added_at' THEN kev_added_at
    WHEN 'evaluated_at' THEN evaluated_at WHEN 'profile' THEN profile_at
    ELSE error('no such clock: ' || coalesce(clock, 'null')) END;

-- exposure_times: one row an exposure of the slice with the days from the clock to its end (or to
-- this run); null where the clock is not known or started only after the end.
CREATE TEMP MACRO exposure_times(clock, in_provider := NULL, in_account := NULL,
    in_registry := NULL, in_owner := NULL) AS TABLE
SELECT severity, outcome, CASE WHEN days >= 0 THEN days END AS days
FROM (
    SELECT *, until_day - measure_clock(clock, published_at, fix_available_at,
        native_first_observed_at, first_seen_at, kev_added_at, evaluated_at, clock_at)::DATE
        AS days
    FROM exposure_outcomes
    WHERE (in_provider IS NULL OR provider = in_provider)
        AND (in_account IS NULL OR account = in_account)
        AND (in_registry IS NULL OR registry_id = in_registry)
        AND (in_owner IS NULL OR owner = in_owner)
);

-- time_to_remediate: days from the clock to the fix, over what was fixed and is not open again;
-- beside it what is left out, by reason. p90 and median interpolate between neighbours.
CREATE TEMP MACRO time_to_remediate(clock, in_provider := NULL, in_account := NULL,
    in_registry := NULL, in_owner := NULL) AS TABLE
SELECT severity, count(days) FILTER (outcome = 'fixed') AS fixed,
    avg(days) FILTER (outcome = 'fixed') AS mean_days,
    quantile_cont(days, 0.5) FILTER (outcome = 'fixed') AS median_days,
    quantile_cont(days, 0.9) FILTER (outcome = 'fixed') AS p90_days,
    count(*) FILTER (outcome = 'removed') AS removed,
    count(*) FILTER (outcome = 'withdrawn') AS withdrawn,
    count(*) FILTER (outcome = 'not_affected') AS not_affected,
    count(*) FILTER (outcome = 'merged') AS merged,
    count(*) FILTER (outcome = 'reopened') AS reopened,
    count(*) FILTER (outcome = 'still_open') AS still_open,
    count(*) FILTER (outcome = 'fixed' AND days IS NULL) AS no_clock
FROM exposure_times(clock, in_provider := in_provider, in_account := in_account,
    in_registry := in_registry, in_owner := in_owner)
GROUP BY GROUPING SETS ((severity), ());

-- age_of_open: days from the clock to this run, over what is open (unconfirmed too).
CREATE TEMP MACRO age_of_open(clock, in_provider := NULL, in_account := NULL,
    in_registry := NULL, in_owner := NULL) AS TABLE
SELECT severity, count(*) AS open, avg(days) AS mean_days, quantile_cont(days, 0.5) AS median_days,
    quantile_cont(days, 0.9) AS p90_days, max(days) AS oldest_days,
    count(*) FILTER (days IS NULL) AS no_clock
FROM exposure_times(clock, in_provider := in_provider, in_account := in_account,
    in_registry := in_registry, in_owner := in_owner)
WHERE outcome IN ('still_open', 'reopened')
GROUP BY GROUPING SETS ((severity), ());

-- survival: Kaplan-Meier over all exposures with a known clock. The event is the fix; what ended
-- otherwise, and what is open, is censored at its last day. At equal days fixes come first.
CREATE TEMP MACRO survival(clock, in_provider := NULL, in_account := NULL,
    in_registry := NULL, in_owner := NULL) AS TABLE
SELECT severity, days, at_risk, fixed, censored,
    product(1 - fixed / at_risk) OVER (PARTITION BY severity ORDER BY days) AS surviving
FROM (
    SELECT severity, days, fixed, censored,
        sum(fixed + censored) OVER (PARTITION BY severity ORDER BY days DESC)::BIGINT AS at_risk
    FROM (
        SELECT severity, days, count(*) FILTER (outcome = 'fixed') AS fixed,
            count(*) FILTER (outcome <> 'fixed') AS censored
        FROM exposure_times(clock, in_provider := in_provider, in_account := in_account,
            in_registry := in_registry, in_owner := in_owner)
        WHERE days IS NOT NULL
        GROUP BY GROUPING SETS ((severity, days), (days))
    )
);
