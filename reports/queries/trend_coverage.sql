-- Answers: how many of the images each run knew had been assessed, by cloud.
-- Denominator: assessable placements; runs that kept no coverage are left out.
SELECT r.day, c.run_id, c.provider, sum(c.assessed) AS assessed, sum(c.assessable) AS assessable
FROM coverage_trend AS c JOIN measure_runs AS r USING (run_id)
GROUP BY GROUPING SETS ((r.day, c.run_id, c.provider), (r.day, c.run_id))
ORDER BY c.run_id DESC, c.provider NULLS FIRST
