-- Answers: how old what is open now is, counted from the first run that saw it, and how much of it
-- is past its deadline.
-- Denominator: open exposures (open includes unconfirmed).
WITH held AS (
    SELECT severity, state, deadline_status, as_of_day - first_seen_at::DATE AS days,
        age_bucket_of(as_of_day - first_seen_at::DATE) AS bucket
    FROM exposure_outcomes WHERE outcome IN ('still_open', 'reopened')
)
SELECT h.severity, CASE WHEN h.severity IS NOT NULL THEN any_value(p.days) END AS deadline_days, count(*) AS open,
    count(*) FILTER (state = 'unconfirmed') AS unconfirmed,
    count(*) FILTER (bucket = 1) AS days_7, count(*) FILTER (bucket = 2) AS days_14,
    count(*) FILTER (bucket = 3) AS days_30, count(*) FILTER (bucket = 4) AS days_60,
    count(*) FILTER (bucket = 5) AS days_90, count(*) FILTER (bucket = 6) AS days_180,
    count(*) FILTER (bucket = 7) AS days_more,
    count(*) FILTER (deadline_status = 'overdue') AS overdue,
    count(*) FILTER (deadline_status IN ('no_deadline', 'no_clock')) AS without_deadline,
    quantile_cont(h.days, 0.5) AS median_days, quantile_cont(h.days, 0.9) AS p90_days
FROM held AS h JOIN deadline_profile AS p ON p.severity = h.severity
GROUP BY GROUPING SETS ((h.severity), ())
HAVING count(*) > 0
ORDER BY list_position(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE', 'UNKNOWN'], h.severity)
    NULLS FIRST
