-- How many assessable placements of each registry are in which state: the best of any source, and
-- inferred clean only where no source says anything else.
CREATE TEMP TABLE coverage_now AS
WITH best AS (
    SELECT p.provider, p.account, p.region, p.registry_id, p.current,
        coalesce(min_by(a.state, list_position(words.known, a.state)), 'unknown') AS state
    FROM placements_current AS p
    JOIN images_all AS i ON i.digest = p.digest AND i.kind = 'image'
    CROSS JOIN (SELECT ['assessed', 'pending', 'stale', 'expired', 'archived', 'failed',
        'denied', 'unsupported', 'not_scanned', 'unknown', 'inferred_clean'] AS known) AS words
    LEFT JOIN assessments_all AS a
        ON (a.provider, a.registry_id, a.repository, a.digest)
            = (p.provider, p.registry_id, p.repository, p.digest)
    GROUP BY p.provider, p.account, p.region, p.registry_id, p.repository, p.digest, p.current
)
SELECT provider, coalesce(account, '') AS account, coalesce(region, '') AS region, registry_id,
    state, count(*) AS placements, count(*) FILTER (current) AS current_placements
FROM best GROUP BY ALL;
