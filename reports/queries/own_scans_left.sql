-- Answers: which images a scanner that was run could not look at, by state and reason.
-- Denominator: images that it was to look at in this run.
SELECT source, state, reason, count(DISTINCT digest) AS images, count(*) OVER () AS total
FROM assessments
SEMI JOIN (FROM scopes WHERE kind = 'scan' AND observed_run_id = run_id) AS scanners USING (source)
WHERE observed_run_id = run_id AND state IS DISTINCT FROM 'assessed'
GROUP BY source, state, reason
ORDER BY images DESC, source, state, reason
LIMIT $limit OFFSET $offset
