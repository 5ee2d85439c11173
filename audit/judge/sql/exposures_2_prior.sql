-- Exposures as they stood, under the names their vulnerabilities go by now. Two that turn out to be
-- one go on as one: the open one, else the older; it takes over the earliest of every date, so that
-- no age starts again.
CREATE TEMP TABLE known AS
WITH led AS (
    SELECT e.* REPLACE (led(e.vulnerability_id, g.leading_id) AS vulnerability_id),
        e.vulnerability_id AS named_before
    FROM exposures_before AS e LEFT JOIN groups_now AS g USING (vulnerability_id)
    WHERE e.merged_into IS NULL
)
SELECT exposure_key(registry_id, repository, vulnerability_id, package_name) AS key, led.*
FROM led;

CREATE TEMP TABLE prior AS
SELECT * EXCLUDE (named_before) REPLACE (
        min(opened_at) OVER same AS opened_at,
        min(first_seen_at) OVER same AS first_seen_at,
        min(published_at) OVER same AS published_at,
        min(fix_available_at) OVER same AS fix_available_at,
        min(native_first_observed_at) OVER same AS native_first_observed_at,
        min(kev_added_at) OVER same AS kev_added_at,
        min(evaluated_at) OVER same AS evaluated_at,
        max(reopened_count) OVER same AS reopened_count,
        max(last_confirmed_at) OVER same AS last_confirmed_at,
        CASE WHEN bool_or(state = 'open') OVER same THEN 'open' ELSE state END AS state,
        list_sort(list_distinct(flatten(list(sources) OVER same))) AS sources),
    bool_or(named_before <> vulnerability_id) OVER same OR count(*) OVER same > 1 AS renamed
FROM known
WINDOW same AS (PARTITION BY key)
QUALIFY row_number() OVER (
    PARTITION BY key ORDER BY state = 'closed', opened_at, exposure_id) = 1;

CREATE TEMP TABLE merged_rows AS
SELECT k.* EXCLUDE (key, named_before, run_id) REPLACE (
    'merged' AS event, 'alias' AS reason, 'closed' AS state,
    coalesce(k.closed_at, getvariable('moment')) AS closed_at, 'merged' AS closing_reason,
    NULL::VARCHAR[] AS carrier_digests, NULL::TIMESTAMPTZ AS carrier_pushed_at,
    p.exposure_id AS merged_into)
FROM known AS k JOIN prior AS p USING (key)
WHERE k.exposure_id <> p.exposure_id;
