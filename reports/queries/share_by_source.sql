-- Answers: what share of the images it answers for each source assessed.
-- Denominator: assessable placements with a row of that source.
SELECT a.provider, a.source, count(*) AS assessable,
    count(*) FILTER (a.state = 'assessed') AS assessed,
    count(*) FILTER (a.state = 'assessed' AND a.observed_run_id <> a.run_id) AS assessed_earlier,
    count(*) FILTER (a.state = 'inferred_clean') AS inferred,
    count(*) FILTER (a.state NOT IN ('assessed', 'inferred_clean')) AS not_assessed
FROM placements AS p
JOIN images AS i ON i.digest = p.digest AND i.kind = 'image'
JOIN assessments AS a
    ON (a.provider, a.registry_id, a.repository, a.digest)
        = (p.provider, p.registry_id, p.repository, p.digest)
GROUP BY a.provider, a.source
ORDER BY a.provider, a.source
