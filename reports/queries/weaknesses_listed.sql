-- Answers: which secrets and misconfigurations lie in which current image, gravest first.
-- Denominator: those that a scanner found in current images.
WITH places AS (
    SELECT digest, min(registry_id || '/' || repository) AS place, count(*) AS places
    FROM placements WHERE current GROUP BY digest
)
SELECT w.severity, w.kind, w.rule_id, w.title,
    CASE WHEN w.location IS NULL THEN 'configuration' ELSE 'file' END AS part, w.location, w.start_line,
    p.place || '@' || w.digest AS image_name, p.places, count(*) OVER () AS total
FROM image_weaknesses AS w JOIN places AS p USING (digest)
SEMI JOIN (FROM images WHERE kind = 'image') USING (digest)
ORDER BY list_position(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE', 'UNKNOWN'], w.severity),
    w.kind DESC, image_name, w.rule_id, w.location NULLS FIRST, w.start_line, w.tool
LIMIT $limit OFFSET $offset
