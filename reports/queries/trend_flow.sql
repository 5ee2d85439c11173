-- Answers: what moved the number of open exposures, by day, by week beyond 62 days and by month
-- beyond 430. What the first run met is told apart: nobody knows when it was new. What happened on
-- days without a run is in the next run; a period without a run has no numbers.
-- Denominator: exposures ever open.
WITH unit AS (
    SELECT CASE WHEN count(*) <= 62 THEN 'day' WHEN count(*) <= 430 THEN 'week' ELSE 'month' END
        AS unit
    FROM run_calendar
),
periods AS (
    SELECT min(day) AS first_day, max(day) AS last_day
    FROM run_calendar CROSS JOIN unit GROUP BY date_trunc(unit, day)
),
moved AS (
    SELECT r.position, r.day, coalesce(sum(open_before), 0) AS open_before,
        coalesce(sum(opened) FILTER (r.position = 1), 0) AS met,
        coalesce(sum(opened) FILTER (r.position > 1), 0) AS opened,
        coalesce(sum(reopened), 0) AS reopened, coalesce(sum(fixed), 0) AS fixed,
        coalesce(sum(removed), 0) AS removed, coalesce(sum(withdrawn), 0) AS withdrawn,
        coalesce(sum(not_affected), 0) AS not_affected, coalesce(sum(merged), 0) AS merged,
        coalesce(sum(open_now), 0) AS open_now, coalesce(sum(unconfirmed), 0) AS unconfirmed_now
    FROM measure_runs AS r LEFT JOIN flow USING (run_id) GROUP BY ALL
),
summed AS (
    SELECT p.first_day, p.last_day, count(m.position) AS runs,
        arg_min(open_before, position) AS open_before, sum(met) AS met, sum(opened) AS opened,
        sum(reopened) AS reopened, sum(fixed) AS fixed, sum(removed) AS removed,
        sum(withdrawn) AS withdrawn, sum(not_affected) AS not_affected, sum(merged) AS merged,
        arg_max(open_now, position) AS open_now,
        arg_max(unconfirmed_now, position) AS unconfirmed_now
    FROM periods AS p LEFT JOIN moved AS m ON m.day BETWEEN p.first_day AND p.last_day
    GROUP BY ALL
)
SELECT *, open_before + met + opened + reopened - fixed - removed - withdrawn - not_affected
    - merged = open_now AS balances
FROM summed ORDER BY first_day
