-- Answers: what share of the exposures is not fixed yet after so many days (Kaplan and Meier); what
-- ended otherwise or is still open leaves the count without being fixed.
-- Denominator: exposures with a known clock date of the deadline profile; at risk by day.
SELECT severity, days, at_risk, fixed, censored, surviving
FROM survival('profile') WHERE severity IS NOT NULL
ORDER BY list_position(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE', 'UNKNOWN'], severity),
    days
