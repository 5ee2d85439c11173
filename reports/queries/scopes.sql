-- Answers: what was tried and how it ended. Denominator: every scope tried in this run.
SELECT provider, kind, scope_id, account, region, source, outcome, expected, listed, errors,
    api_calls, missing_permission, error_code, error, count(*) OVER () AS total
FROM scopes
ORDER BY provider, scope_id, kind
LIMIT $limit OFFSET $offset
