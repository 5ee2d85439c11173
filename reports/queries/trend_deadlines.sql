-- Answers: how every exposure stands against its deadline now, by severity.
-- Denominator: exposures ever open.
SELECT p.severity, any_value(p.days) AS deadline_days, count(o.exposure_id) AS exposures,
    count(*) FILTER (deadline_status = 'in_time') AS in_time,
    count(*) FILTER (deadline_status = 'late') AS late,
    count(*) FILTER (deadline_status = 'overdue') AS overdue,
    count(*) FILTER (deadline_status = 'removed_late') AS removed_late,
    count(*) FILTER (deadline_status = 'not_due') AS not_due,
    count(*) FILTER (deadline_status = 'left_out') AS left_out,
    count(*) FILTER (deadline_status = 'no_deadline') AS no_deadline,
    count(*) FILTER (deadline_status = 'no_clock') AS no_clock
FROM deadline_profile AS p LEFT JOIN exposure_outcomes AS o USING (severity)
GROUP BY p.severity
ORDER BY list_position(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE', 'UNKNOWN'], p.severity)
