-- One row a placement of an assessable image (kind image) with the one state that holds for it:
-- assessed when any source assessed it, else the best known state of any source. Silence comes last:
-- inferred_clean holds only where no source says anything else. A placement without an assessment,
-- and a word outside the closed list, are unknown, never clean.
SELECT p.provider, p.account, p.region, p.registry_id, p.repository, p.digest,
    CASE WHEN list_contains(words.known, a.state) THEN a.state ELSE 'unknown' END AS state,
    a.source, a.reason, a.native_status, a.scanned_at,
    coalesce(a.observed_run_id <> p.run_id, false) AS earlier
FROM placements AS p
JOIN images AS i ON i.digest = p.digest AND i.kind = 'image'
CROSS JOIN (SELECT ['assessed', 'inferred_clean', 'pending', 'stale', 'expired', 'archived',
    'failed', 'denied', 'unsupported', 'not_scanned', 'unknown'] AS known) AS words
LEFT JOIN assessments AS a
    ON (a.provider, a.registry_id, a.repository, a.digest)
        = (p.provider, p.registry_id, p.repository, p.digest)
QUALIFY row_number() OVER (
    PARTITION BY p.provider, p.registry_id, p.repository, p.digest
    ORDER BY a.state IS NOT DISTINCT FROM 'inferred_clean',
        coalesce(list_position(words.known, a.state), 99),
        a.observed_run_id IS DISTINCT FROM p.run_id, a.source) = 1
