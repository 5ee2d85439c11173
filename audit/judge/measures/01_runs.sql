-- measure_severity: a word outside the closed list is UNKNOWN, never low.
CREATE TEMP MACRO measure_severity(word) AS CASE
    WHEN word IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE') THEN word
    ELSE 'UNKNOWN' END;

-- measure_ending: why an exposure closed; a word outside the closed list is removed, which is never
-- remediation.
CREATE TEMP MACRO measure_ending(word) AS CASE
    WHEN word IN ('fixed', 'withdrawn', 'not_affected', 'merged') THEN word
    ELSE 'removed' END;

-- measure_runs: the runs known to this run, in the order of their moments. day is the UTC date.
CREATE TEMP VIEW measure_runs AS
SELECT run_id, row_number() OVER (ORDER BY run_id)::INTEGER AS position, started_at,
    started_at::DATE AS day, command, outcome
FROM runs_history;

-- run_calendar: one row a day, from the day of the first run to that of this one. run_id is the
-- last run of the day; on a day without a run it is null: a gap, never a zero.
CREATE TEMP VIEW run_calendar AS
SELECT days.day, arg_max(r.run_id, r.position) AS run_id, max(r.started_at) AS started_at,
    arg_max(r.outcome, r.position) AS outcome, count(r.run_id) AS runs
FROM (SELECT unnest(generate_series(min(day), max(day), INTERVAL 1 DAY))::DATE AS day
    FROM measure_runs) AS days
LEFT JOIN measure_runs AS r USING (day)
GROUP BY days.day;
