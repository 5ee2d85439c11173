-- One row a repository: how many of its images were looked at, and what is open in it.
SELECT k.provider, coalesce(k.account, '') AS account, k.registry_id, k.repository, r.complete,
    r.expected_images, r.listed_images, coalesce(l.assessable, 0) AS assessable,
    coalesce(l.assessed, 0) AS assessed, coalesce(l.inferred, 0) AS inferred,
    CASE WHEN coalesce(l.assessable, 0) = 0 THEN 'no_images'
        WHEN l.assessed = 0 THEN 'nothing'
        WHEN l.assessed < l.assessable THEN 'partly' ELSE 'all' END AS looked,
    coalesce(o.critical, 0) AS critical, coalesce(o.high, 0) AS high,
    coalesce(o.medium, 0) AS medium, coalesce(o.low, 0) AS low,
    coalesce(o.negligible, 0) AS negligible, coalesce(o.unrated, 0) AS unrated,
    coalesce(o.open, 0) AS open, coalesce(o.unconfirmed, 0) AS unconfirmed,
    coalesce(o.fixable, 0) AS fixable
FROM (
    SELECT provider, registry_id, repository, max(account) AS account FROM (
        SELECT provider, registry_id, repository, account FROM repositories
        UNION ALL SELECT provider, registry_id, repository, account FROM placements
        UNION ALL SELECT provider, registry_id, repository, account FROM open_exposures
    ) GROUP BY ALL
) AS k
LEFT JOIN repositories AS r USING (provider, registry_id, repository)
LEFT JOIN (
    SELECT provider, registry_id, repository, count(*) AS assessable,
        count(*) FILTER (state = 'assessed') AS assessed,
        count(*) FILTER (state = 'inferred_clean') AS inferred
    FROM placement_states GROUP BY ALL
) AS l USING (provider, registry_id, repository)
LEFT JOIN (
    SELECT provider, registry_id, repository, count(*) AS open,
        count(*) FILTER (severity = 'CRITICAL') AS critical,
        count(*) FILTER (severity = 'HIGH') AS high,
        count(*) FILTER (severity = 'MEDIUM') AS medium,
        count(*) FILTER (severity = 'LOW') AS low,
        count(*) FILTER (severity = 'NEGLIGIBLE') AS negligible,
        count(*) FILTER (severity = 'UNKNOWN') AS unrated,
        count(*) FILTER (state = 'unconfirmed') AS unconfirmed,
        count(*) FILTER (fixable = 'yes') AS fixable
    FROM open_exposures GROUP BY ALL
) AS o USING (provider, registry_id, repository)
