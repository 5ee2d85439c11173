-- Answers: which deadlines the figures are measured by.
-- Denominator: severities.
SELECT profile_id, version, title, note, clock, severity, days AS deadline_days
FROM deadline_profile
ORDER BY list_position(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE', 'UNKNOWN'], severity)
