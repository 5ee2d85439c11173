-- Answers: in how many current images a scanner looked for secrets and for misconfigurations, and
-- what it found, by kind and scanner. Denominator: current images of kind image, each once.
WITH current_images AS (
    SELECT DISTINCT digest FROM placements SEMI JOIN (FROM images WHERE kind = 'image') USING (digest)
    WHERE current
), kinds AS (
    SELECT kind, tool FROM weakness_looks
    UNION
    SELECT kind, tool FROM image_weaknesses
    UNION
    SELECT kind.kind, NULL FROM (VALUES ('secret'), ('misconfiguration')) AS kind(kind)
    WHERE kind.kind NOT IN (SELECT kind FROM weakness_looks UNION SELECT kind FROM image_weaknesses)
), looks AS (
    SELECT kind, tool, count(*) AS looked_into FROM weakness_looks SEMI JOIN current_images USING (digest)
    GROUP BY ALL
), found AS (
    SELECT kind, tool, count(DISTINCT digest) AS found_in,
        count(*) FILTER (severity = 'CRITICAL') AS critical, count(*) FILTER (severity = 'HIGH') AS high,
        count(*) FILTER (severity = 'MEDIUM') AS medium, count(*) FILTER (severity = 'LOW') AS low,
        count(*) FILTER (severity = 'NEGLIGIBLE') AS negligible,
        count(*) FILTER (severity = 'UNKNOWN') AS unrated
    FROM image_weaknesses SEMI JOIN current_images USING (digest)
    GROUP BY ALL
)
SELECT k.kind, k.tool, (SELECT count(*) FROM current_images) AS current_images,
    coalesce(l.looked_into, 0) AS looked_into,
    (SELECT count(*) FROM current_images) - coalesce(l.looked_into, 0) AS not_looked_into,
    coalesce(f.found_in, 0) AS found_in, coalesce(critical, 0) AS critical, coalesce(high, 0) AS high,
    coalesce(medium, 0) AS medium, coalesce(low, 0) AS low, coalesce(negligible, 0) AS negligible,
    coalesce(unrated, 0) AS unrated
FROM kinds AS k
LEFT JOIN looks AS l ON l.kind = k.kind AND l.tool = k.tool
LEFT JOIN found AS f ON f.kind = k.kind AND f.tool = k.tool
ORDER BY k.kind DESC, k.tool
