-- Answers: which settings fail a control, and where that was read. Denominator: control results.
SELECT control_id, provider, subject, reason, field, value, operation, observed_run_id,
    count(*) OVER () AS total
FROM control_results
WHERE status = 'FAIL'
ORDER BY control_id, provider, subject
LIMIT $limit OFFSET $offset
