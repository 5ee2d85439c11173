-- Current images for a scanner ($scanner), one row a digest, most exposed first: running ones, those
-- that anyone can pull, those beside many critical exposures, the newest. An image is looked_at where
-- a source that is none of our own scanners ($own) assessed it, within the evidence window, wherever
-- it lies, and answered where an earlier answer of the scanner still holds. An SBOM that an earlier
-- look found to be lost ($lost) is none.
WITH held AS (
    SELECT digest, arg_max(path, run_id) AS path, arg_max(sha256, run_id) AS sha256,
        arg_max(tool_version, run_id) AS tool_version,
        arg_max(coalesce(asked_for, []), run_id) AS asked_for, max(run_id) AS looked_run_id
    FROM sboms_kept WHERE tool = $scanner AND digest NOT IN (
        SELECT digest FROM prev_assessments WHERE source = $scanner AND starts_with(native_status, $lost))
    GROUP BY digest
), critical AS (
    SELECT provider, registry_id, repository, count(*) AS critical FROM exposures_before
    WHERE state <> 'closed' AND severity = 'CRITICAL' GROUP BY ALL
), places AS (
    SELECT p.digest, p.provider, p.registry_id, p.repository, p.account, p.region, p.scope_id,
        p.pushed_at, coalesce(p.in_use, false) AS in_use,
        coalesce(r.anonymous_access, false) OR coalesce(g.anonymous_access, false) AS public,
        coalesce(c.critical, 0) AS critical,
        EXISTS (FROM assessments_all AS a WHERE a.state = 'assessed' AND NOT list_contains($own, a.source)
            AND (a.provider, a.registry_id, a.repository, a.digest)
                = (p.provider, p.registry_id, p.repository, p.digest)) AS looked_at,
        EXISTS (FROM assessments_all AS a WHERE a.state = 'assessed' AND a.source = $scanner
            AND (a.provider, a.registry_id, a.repository, a.digest)
                = (p.provider, p.registry_id, p.repository, p.digest)) AS answered
    FROM assessable AS p
    LEFT JOIN repositories_all AS r USING (provider, registry_id, repository)
    LEFT JOIN registries_all AS g USING (provider, registry_id)
    LEFT JOIN critical AS c USING (provider, registry_id, repository)
    WHERE p.current AND p.provider <> 'files'
        -- Whether what a night could not list is still there is not for a scanner to say.
        AND p.observed_run_id = CASE getvariable('command') WHEN 'run' THEN getvariable('run_id')
            ELSE (SELECT max(run_id) FROM runs_history WHERE command = 'run') END
), used AS (
    -- A date after the run cannot be right, and would make every later database an old one.
    SELECT max(dated) AS dated FROM (
        SELECT json_extract_string(scanner_databases, '$."' || $scanner || '"')::TIMESTAMPTZ
            AS dated FROM runs_history
        UNION ALL
        SELECT db_updated_at FROM prev_assessments
        WHERE source = $scanner AND provider <> 'files' AND scanned_at IS NOT NULL
    ) WHERE dated <= getvariable('moment')
)
SELECT p.digest, max(i.size_bytes) AS size_bytes, bool_and(p.looked_at) AS looked_at,
    any_value(h.path) AS path, any_value(h.sha256) AS sha256,
    any_value(h.tool_version) AS tool_version, any_value(h.asked_for) AS asked_for,
    any_value(h.looked_run_id) AS looked_run_id,
    (SELECT dated FROM used) AS database_used,
    list({provider: p.provider, registry_id: p.registry_id, repository: p.repository,
        account: p.account, region: p.region, scope_id: p.scope_id, answered: p.answered}
        ORDER BY p.provider, p.registry_id, p.repository) AS places
FROM places AS p
JOIN images_all AS i USING (digest)
LEFT JOIN held AS h USING (digest)
GROUP BY p.digest
ORDER BY bool_or(p.in_use) DESC, bool_or(p.public) DESC, max(p.critical) DESC,
    max(p.pushed_at) DESC NULLS LAST, p.digest
