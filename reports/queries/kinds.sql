-- Answers: what the manifests in each cloud are. Denominator: all placements; only kind image is
-- assessable.
SELECT p.provider, coalesce(i.kind, 'unread') AS kind, count(*) AS placements,
    count(DISTINCT p.digest) AS images,
    sum(count(*)) OVER (PARTITION BY p.provider)::BIGINT AS all_placements
FROM placements AS p LEFT JOIN images AS i ON i.digest = p.digest
GROUP BY p.provider, coalesce(i.kind, 'unread')
ORDER BY p.provider, list_position(
    ['image', 'index', 'attestation', 'signature', 'sbom', 'artifact'], coalesce(i.kind, 'unread')) NULLS LAST, 2
