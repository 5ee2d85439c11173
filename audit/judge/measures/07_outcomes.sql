-- exposure_outcomes: one row an exposure with what became of it as of this run: fixed, removed,
-- withdrawn, not_affected, merged, still_open or reopened (open again after it had been fixed).
-- The deadline is the first known clock date of the profile plus its days for the severity; a
-- clock is never started again. deadline_status:
--   in_time, late: fixed on or before, or after, the due day
--   overdue, not_due: open, and the due day is past or not
--   removed_late: its images went away after the due day, which it had missed
--   left_out: ended before its due day other than fixed; or withdrawn, not_affected or merged
--   no_deadline, no_clock: the profile has no days for its severity; none of its clocks is known
CREATE TEMP VIEW exposure_outcomes AS
WITH dated AS (
    SELECT s.exposure_id, s.provider, s.account, s.registry_id, s.owner, s.repository,
        s.vulnerability_id, s.package_name, s.severity, s.state,
        CASE WHEN s.closing_reason IS NOT NULL THEN s.closing_reason
            WHEN s.fixed_before THEN 'reopened' ELSE 'still_open' END AS outcome,
        s.closed_run_id, s.span_closed_at AS ended_at,
        coalesce(s.span_closed_at::DATE, now.day) AS until_day, now.day AS as_of_day,
        s.published_at, s.fix_available_at, s.native_first_observed_at, s.first_seen_at,
        s.kev_added_at, s.evaluated_at, p.days AS deadline_days,
        list_filter(list_transform(p.clock, lambda name: CASE name
            WHEN 'published_at' THEN s.published_at
            WHEN 'fix_available_at' THEN s.fix_available_at
            WHEN 'native_first_observed_at' THEN s.native_first_observed_at
            WHEN 'first_seen_at' THEN s.first_seen_at
            WHEN 'kev_added_at' THEN s.kev_added_at
            WHEN 'evaluated_at' THEN s.evaluated_at END),
            lambda moment: moment IS NOT NULL)[1] AS clock_at
    FROM exposure_spans AS s
    JOIN deadline_profile AS p ON p.severity = s.severity
    CROSS JOIN (SELECT max(day) AS day FROM measure_runs) AS now
    WHERE s.last
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
