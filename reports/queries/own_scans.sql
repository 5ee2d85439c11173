-- Answers: which scanner was run, what it knew, what it looked at, and which of its pulls moved the
-- registries' last-pull times. Denominator: images that it was to look at in this run.
WITH scanners AS (
    -- What a budget left, and an earlier look still answers for, has no row of this run.
    SELECT source, sum(expected) AS planned
    FROM scopes WHERE kind = 'scan' AND observed_run_id = run_id GROUP BY source
), looks AS (
    SELECT source, max(scanner_version) AS scanner_version, max(db_updated_at) AS db_updated_at,
        count(DISTINCT digest) AS images,
        count(DISTINCT digest) FILTER (state = 'assessed') AS looked_at
    FROM assessments WHERE observed_run_id = run_id GROUP BY source
), pulls AS (
    SELECT tool AS source, count(*) AS pulled, count(*) FILTER (pull_traced) AS traced,
        count(*) FILTER (NOT pull_traced) AS untraced,
        count(*) FILTER (pull_traced IS NULL) AS trace_unknown
    FROM sboms GROUP BY tool
)
SELECT source, scanner_version, db_updated_at,
    greatest(planned, images, 0) AS images, coalesce(looked_at, 0) AS looked_at,
    greatest(planned, images, 0) - coalesce(looked_at, 0) AS not_looked_at,
    coalesce(pulled, 0) AS pulled, coalesce(traced, 0) AS traced,
    coalesce(untraced, 0) AS untraced, coalesce(trace_unknown, 0) AS trace_unknown
FROM scanners LEFT JOIN looks USING (source) LEFT JOIN pulls USING (source)
ORDER BY source
