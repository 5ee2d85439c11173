-- Answers: what share of the images was looked at, over all and by cloud.
-- Denominator: assessable placements (an image of kind image in a repository).
-- Needs: clouds, placement_states
SELECT c.provider, count(s.digest) AS assessable,
    count(*) FILTER (s.state = 'assessed') AS assessed,
    count(*) FILTER (s.state = 'assessed' AND s.earlier) AS assessed_earlier,
    count(*) FILTER (s.state = 'inferred_clean') AS inferred,
    count(*) FILTER (s.state NOT IN ('assessed', 'inferred_clean')) AS not_assessed
FROM clouds AS c LEFT JOIN placement_states AS s USING (provider)
GROUP BY GROUPING SETS ((c.provider), ())
ORDER BY c.provider NULLS FIRST
