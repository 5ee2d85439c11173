-- Compares: SELECT first_source, second_source, images, first_higher + second_higher + same_severity
--   + unrated_by_one = by_both AND by_both + first_alone + second_alone = stated AS balances FROM answer
WITH looks AS (
    SELECT DISTINCT a.digest, a.source
    FROM assessments_snapshots AS a
    JOIN placements_snapshots AS p USING (run_id, provider, registry_id, repository, digest)
    JOIN images_snapshots AS i USING (run_id, digest)
    JOIN runs USING (run_id)
    WHERE a.state = 'assessed' AND p.current AND i.kind = 'image'
)
SELECT one.source AS first_source, two.source AS second_source, count(*) AS images,
    true AS balances
FROM looks AS one JOIN looks AS two ON one.digest = two.digest AND one.source < two.source
GROUP BY ALL
ORDER BY ALL
