-- Answers: which settings could not be judged, and why. Denominator: control results.
SELECT control_id, provider, subject, reason, field, value, operation, observed_run_id,
    count(*) OVER () AS total
FROM control_results
WHERE status IS NULL
    OR status NOT IN ('PASS', 'FAIL', 'NOT_APPLICABLE', 'EXCEPTED', 'MANUAL')
ORDER BY control_id, provider, subject
LIMIT $limit OFFSET $offset
