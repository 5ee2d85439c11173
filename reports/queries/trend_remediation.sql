-- Answers: how many days passed from the clock of the deadline profile to the fix.
-- Denominator: exposures fixed and not open again; what is left out stands beside, by reason.
SELECT t.severity, p.days AS deadline_days, t.* EXCLUDE (severity)
FROM time_to_remediate('profile') AS t LEFT JOIN deadline_profile AS p ON p.severity = t.severity
ORDER BY list_position(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE', 'UNKNOWN'], t.severity)
    NULLS FIRST
