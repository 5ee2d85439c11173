-- Answers: what one source states of an image and the other of the pair does not, gravest first.
-- Denominator: stated by one of the pair alone.
SELECT CASE stated_by WHEN 'first' THEN first_source ELSE second_source END AS source,
    CASE stated_by WHEN 'first' THEN second_source ELSE first_source END AS silent,
    coalesce(first_severity, second_severity) AS severity, vulnerability_id, package_name, kind,
    fixable, reason, place || '@' || digest AS image_name, count(*) OVER () AS total
FROM opinions
WHERE stated_by <> 'both'
ORDER BY list_position(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE', 'UNKNOWN'], severity),
    place, digest, vulnerability_id, package, kind, first_source, second_source
LIMIT $limit OFFSET $offset
