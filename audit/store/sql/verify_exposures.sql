-- Changes of exposures that have no beginning, or that lead to an exposure that does not exist.
SELECT min(run_id) AS run_id, exposure_id, 'has changes and was never opened' AS what
FROM exposures GROUP BY exposure_id
HAVING arg_min(event, run_id) <> 'opened'
UNION ALL
SELECT run_id, exposure_id, 'was merged into ' || merged_into || ', which does not exist'
FROM exposures
WHERE merged_into IS NOT NULL AND merged_into NOT IN (SELECT exposure_id FROM exposures)
UNION ALL
SELECT run_id, exposure_id, 'is closed without a reason, or open with one'
FROM exposures WHERE (state = 'closed') <> (closing_reason IS NOT NULL)
ORDER BY ALL;
