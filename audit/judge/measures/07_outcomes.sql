-- exposure_outcomes: one row an exposure with what became of it as of this run: fixed, removed,
-- withdrawn, not_affected, merged, still_open or reopened (open again after it had been fixed).
-- One that was fixed and later turns out to be another one is merged: that one tells of both.
-- The deadline is the first known clock date of the profile plus its days for the severity; a
-- clock is never started again. deadline_status:
--   in_time, late: fixed on or before, or after, the due day
--   overdue, not_due: open, and the due day is past or not
--   removed_late: its images went away after the due day, which it had missed
--   left_out: ended before its due day other than fixed; or withdrawn, not_affected or merged
--   no_deadline, no_clock: the profile has no days for its severity; none of its clocks is known
CREATE TEMP VIEW exposure_outcomes AS
WITH newest AS (
    SELECT e.exposure_id::UUID AS exposure_key, max(r.position) AS position,
        bool_or(e.state = 'closed' AND e.closing_reason = 'fixed') AS was_fixed,
        bool_or(e.state <> 'closed') AS was_open
    FROM exposures_history AS e JOIN measure_runs AS r USING (run_id)
    GROUP BY ALL
),
told AS (
    SELECT n.exposure_key, n.was_fixed, r.run_id, r.day
    FROM newest AS n JOIN measure_runs AS r USING (position) WHERE n.was_open
),
dated AS (
    SELECT e.exposure_id, e.provider, e.account, e.registry_id, o.owner, e.repository,
        e.vulnerability_id, e.package_name, measure_severity(e.severity) AS severity, e.state,
        CASE WHEN e.state = 'closed' THEN measure_ending(e.closing_reason)
            WHEN t.was_fixed THEN 'reopened' ELSE 'still_open' END AS outcome,
        CASE WHEN e.state = 'closed' THEN coalesce(e.closed_at::DATE, t.day) ELSE now.day END
            AS until_day,
        now.day AS as_of_day,
        e.published_at, e.fix_available_at, e.native_first_observed_at, e.first_seen_at,
        e.kev_added_at, e.evaluated_at, p.days AS deadline_days,
        list_filter(list_transform(p.clock, lambda name: CASE name
            WHEN 'published_at' THEN e.published_at
            WHEN 'fix_available_at' THEN e.fix_available_at
            WHEN 'native_first_observed_at' THEN e.native_first_observed_at
            WHEN 'first_seen_at' THEN e.first_seen_at
            WHEN 'kev_added_at' THEN e.kev_added_at
            WHEN 'evaluated_at' THEN e.evaluated_at END),
            lambda moment: moment IS NOT NULL)[1] AS clock_at
    FROM exposures_history AS e
    JOIN told AS t ON t.exposure_key = e.exposure_id::UUID AND t.run_id = e.run_id
    JOIN deadline_profile AS p ON p.severity = measure_severity(e.severity)
    CROSS JOIN (SELECT max(day) AS day FROM measure_runs) AS now
    LEFT JOIN repository_owners AS o ON o.provider = e.provider
        AND o.registry_id = e.registry_id AND o.repository = e.repository
),
due AS (
    SELECT *, clock_at::DATE + deadline_days AS due_day FROM dated
)
SELECT *,
    CASE WHEN deadline_days IS NULL THEN 'no_deadline'
        WHEN clock_at IS NULL THEN 'no_clock'
        WHEN outcome = 'fixed' THEN CASE WHEN until_day <= due_day THEN 'in_time' ELSE 'late' END
        WHEN outcome IN ('still_open', 'reopened')
            THEN CASE WHEN as_of_day > due_day THEN 'overdue' ELSE 'not_due' END
        WHEN outcome = 'removed' AND until_day > due_day THEN 'removed_late'
        ELSE 'left_out' END AS deadline_status
FROM due;

-- deadline_attainment: of the exposures whose due day fell in a month (UTC) and is not later than
-- this run. Attained is in_time of due = in_time + late + overdue + removed_late.
CREATE TEMP VIEW deadline_attainment AS
SELECT date_trunc('month', due_day)::DATE AS due_month, provider, account, registry_id, owner,
    severity,
    count(*) FILTER (deadline_status IN ('in_time', 'late', 'overdue', 'removed_late')) AS due,
    count(*) FILTER (deadline_status = 'in_time') AS in_time,
    count(*) FILTER (deadline_status = 'late') AS late,
    count(*) FILTER (deadline_status = 'overdue') AS overdue,
    count(*) FILTER (deadline_status = 'removed_late') AS removed_late,
    count(*) FILTER (deadline_status = 'left_out') AS left_out
FROM exposure_outcomes
WHERE due_day <= as_of_day AND deadline_status NOT IN ('not_due', 'no_deadline', 'no_clock')
GROUP BY ALL;
