-- Answers: the whole numbers that the box on coverage and the key figures name.
-- Denominator: each is a count of this run's rows; the pairs are (some, all).
SELECT
    (SELECT count(*) FROM scopes) AS scopes,
    (SELECT count(*) FROM scopes WHERE outcome IS DISTINCT FROM 'complete') AS scopes_incomplete,
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
        ('PASS', 'FAIL', 'NOT_APPLICABLE', 'EXCEPTED', 'MANUAL')) AS controls_unknown,
    (SELECT count(*) FROM findings) AS statements
