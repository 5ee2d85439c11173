-- Title: Which open exposures with a fix are the oldest?
-- Answers: open exposures for which a fix is known, oldest first.
-- Parameter: rows (count, default 100): How many to list.
-- Column: provider: Cloud.
-- Column: registry_id: Registry.
-- Column: repository: Repository.
-- Column: vulnerability_id: Leading id.
-- Column: package_name: Package.
-- Column: severity: Highest severity stated.
-- Column: state: open or unconfirmed.
-- Column: opened_at: When it opened first.
-- Column: days_open: Whole days since then.
-- Column: fix_available_at: First run that knew a fix.
-- Column: exploited: Whether it is in the KEV catalogue.
-- Tables: exposures_now, runs
SELECT provider, registry_id, repository, vulnerability_id, package_name, severity, state,
    opened_at, date_diff('day', opened_at, (SELECT started_at FROM runs)) AS days_open,
    fix_available_at, kev_added_at IS NOT NULL AS exploited
FROM exposures_now
WHERE state <> 'closed' AND fix_state = 'available'
ORDER BY opened_at, list_position(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'], severity) NULLS LAST,
    provider, registry_id, repository, vulnerability_id, package_name
LIMIT $rows
