-- Answers: what each control found on each subject. Denominator: all control results.
SELECT control_id, provider, account, region, subject, status, reason, field, value, operation,
    observed_run_id, waiver_id, count(*) OVER () AS total
FROM control_results
ORDER BY control_id, provider, subject
LIMIT $limit OFFSET $offset
