-- Answers: the whole numbers that the box on coverage and the key figures name.
-- Denominator: each is a count of this run's rows; the pairs are (some, all).
-- A scope is blank when it could not be listed and no placement of it, or of a scope that it names,
-- is known from before: what it holds is in no other figure.
WITH RECURSIVE held AS (
    SELECT scope_id FROM placements
    UNION
    SELECT s.parent_scope_id FROM scopes AS s JOIN held USING (scope_id)
), listing AS (
    SELECT * FROM scopes WHERE coalesce(kind, '') NOT IN ('findings', 'scan')
)
SELECT
    (SELECT count(*) FROM scopes) AS scopes,
    (SELECT count(*) FROM scopes WHERE outcome IS DISTINCT FROM 'complete') AS scopes_incomplete,
    (SELECT count(*) FROM listing) AS scopes_listing,
    (SELECT count(*) FROM listing ANTI JOIN held USING (scope_id)
        WHERE outcome IS DISTINCT FROM 'complete' AND coalesce(listed, 0) = 0) AS scopes_blank,
    (SELECT count(*) FROM placements) AS placements,
    (SELECT count(*) FROM placements WHERE observed_run_id IS DISTINCT FROM run_id) AS carried,
    (SELECT count(*) FROM placements ANTI JOIN images USING (digest)) AS kind_unread,
    (SELECT count(*) FROM repositories) AS repositories,
    (SELECT count(*) FROM repositories
        WHERE complete IS NOT TRUE OR observed_run_id IS DISTINCT FROM run_id)
        AS repositories_incomplete,
    (SELECT count(*) FROM control_results) AS controls,
    (SELECT count(*) FROM control_results WHERE status = 'FAIL') AS controls_failed,
    (SELECT count(*) FROM control_results WHERE status IS NULL OR status NOT IN
        ('PASS', 'FAIL', 'NOT_APPLICABLE', 'EXCEPTED', 'MANUAL')) AS controls_unknown
