-- Answers: which scopes were not listed to their end, and why. Denominator: scopes tried.
SELECT provider, kind, scope_id, source, outcome, listed, expected, errors, missing_permission,
    error_code, error, count(*) OVER () AS total
FROM scopes
WHERE outcome IS DISTINCT FROM 'complete'
ORDER BY provider,
    list_position(['discovery', 'inventory', 'configuration', 'findings', 'scan'], kind), scope_id
LIMIT $limit OFFSET $offset
