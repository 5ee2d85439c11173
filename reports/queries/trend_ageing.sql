-- Answers: how old what is open now is, counted from the first run that saw it, and how much of it
-- is past its deadline.
-- Denominator: open exposures (open includes unconfirmed).
WITH aged AS (
    SELECT severity, sum(open) AS open, sum(unconfirmed) AS unconfirmed,
        coalesce(sum(open) FILTER (bucket = 1), 0) AS days_7,
        coalesce(sum(open) FILTER (bucket = 2), 0) AS days_14,
        coalesce(sum(open) FILTER (bucket = 3), 0) AS days_30,
        coalesce(sum(open) FILTER (bucket = 4), 0) AS days_60,
        coalesce(sum(open) FILTER (bucket = 5), 0) AS days_90,
        coalesce(sum(open) FILTER (bucket = 6), 0) AS days_180,
        coalesce(sum(open) FILTER (bucket = 7), 0) AS days_more
    FROM stock WHERE run_id = (SELECT max(run_id) FROM measure_runs)
    GROUP BY GROUPING SETS ((severity), ()) HAVING count(*) > 0
),
late AS (
    SELECT severity, count(*) FILTER (deadline_status = 'overdue') AS overdue,
        count(*) FILTER (deadline_status IN ('no_deadline', 'no_clock')) AS without_deadline
    FROM exposure_outcomes WHERE outcome IN ('still_open', 'reopened')
    GROUP BY GROUPING SETS ((severity), ())
)
SELECT a.severity, p.days AS deadline_days, a.* EXCLUDE (severity), l.overdue, l.without_deadline,
    g.median_days, g.p90_days
FROM aged AS a
JOIN late AS l ON l.severity IS NOT DISTINCT FROM a.severity
JOIN age_of_open('first_seen_at') AS g ON g.severity IS NOT DISTINCT FROM a.severity
LEFT JOIN deadline_profile AS p ON p.severity = a.severity
ORDER BY list_position(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE', 'UNKNOWN'], a.severity)
    NULLS FIRST
