-- Compares: SELECT run_id, provider, state, placements, current_placements FROM answer
WITH best AS (
    SELECT p.run_id, p.provider, p.current, coalesce(min_by(a.state, list_position(words.known,
        a.state)), 'unknown') AS state
    FROM placements_snapshots AS p
    SEMI JOIN (FROM images_snapshots WHERE kind = 'image') AS i USING (run_id, digest)
    CROSS JOIN (SELECT ['assessed', 'pending', 'stale', 'expired', 'archived', 'failed',
        'denied', 'unsupported', 'not_scanned', 'unknown', 'inferred_clean'] AS known) AS words
    LEFT JOIN assessments_snapshots AS a
        ON (a.run_id, a.provider, a.registry_id, a.repository, a.digest)
            = (p.run_id, p.provider, p.registry_id, p.repository, p.digest)
    GROUP BY p.run_id, p.provider, p.registry_id, p.repository, p.digest, p.current
)
SELECT run_id, provider, state, count(*) AS placements,
    count(*) FILTER (current) AS current_placements
FROM best JOIN all_runs AS r USING (run_id)
WHERE r.started_at > (SELECT started_at FROM runs) - to_days($days::INTEGER)
GROUP BY ALL ORDER BY ALL
