-- Title: Which secrets and misconfigurations lie in current images, and of which does nobody know?
-- Answers: the places in current images where a scanner found a secret or a misconfiguration, and by
--   repository and kind how many current images nobody looked into for such: of these nobody can say.
-- Parameter: kind (text, default null): secret or misconfiguration; by default both.
-- Column: found: yes, or unknown for images that nobody looked into for such.
-- Column: kind: secret or misconfiguration.
-- Column: severity: Severity of the rule.
-- Column: provider: Cloud.
-- Column: registry_id: Registry.
-- Column: repository: Repository.
-- Column: digest: Image; null where the images of a repository are counted.
-- Column: tags: Tags that point at it.
-- Column: images: Images that the row is about.
-- Column: rule_id: The scanner's name of the rule.
-- Column: title: The rule in words.
-- Column: location: File path in the image; null for its own configuration and history.
-- Column: start_line: First line.
-- Column: layer_digest: Layer that brought the file.
-- Column: remedy: What the rule's authors advise.
-- Column: tool: Scanner that found it.
-- Tables: image_weaknesses, weakness_looks, placements, images
WITH places AS (
    SELECT * FROM placements SEMI JOIN (FROM images WHERE kind = 'image') USING (digest)
    WHERE current
)
SELECT 'yes' AS found, w.kind, w.severity, p.provider, p.registry_id, p.repository, w.digest, p.tags,
    1 AS images, w.rule_id, w.title, w.location, w.start_line, w.layer_digest, w.remedy, w.tool
FROM image_weaknesses AS w JOIN places AS p USING (digest)
WHERE $kind IS NULL OR w.kind = $kind
UNION ALL
SELECT 'unknown', k.kind, NULL, p.provider, p.registry_id, p.repository, NULL, NULL, count(*), NULL, NULL,
    NULL, NULL, NULL, NULL, NULL
FROM places AS p CROSS JOIN (VALUES ('secret'), ('misconfiguration')) AS k(kind)
ANTI JOIN weakness_looks AS l ON l.digest = p.digest AND l.kind = k.kind
WHERE $kind IS NULL OR k.kind = $kind
GROUP BY k.kind, p.provider, p.registry_id, p.repository
ORDER BY found DESC, list_position(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE', 'UNKNOWN'], severity),
    kind DESC, provider, registry_id, repository, digest, rule_id, location, start_line
