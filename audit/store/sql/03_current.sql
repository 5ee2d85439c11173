-- Which placements policy counts as current: tagged and among the newest N of their repository by
-- push, or pulled or in use within D days; archived ones never; children follow their index. What
-- was imported counts as tagged: somebody had it scanned, and a report need not know its tags.
CREATE TEMP TABLE placements_current AS
WITH candidates AS (
    SELECT p.*, i.kind, i.created_at
    FROM placements_all AS p JOIN images_all AS i ON i.digest = p.digest
    WHERE i.kind IN ('image', 'index') AND NOT coalesce(p.archived, false)
), newest AS (
    SELECT provider, registry_id, repository, digest, child_digests
    FROM (
        SELECT c.*, row_number() OVER (
            PARTITION BY provider, registry_id, repository
            ORDER BY coalesce(pushed_at, created_at) DESC NULLS LAST, digest) AS place
        FROM candidates AS c WHERE len(tags) > 0 OR provider = 'files'
    ) AS ranked JOIN images_all USING (digest)
    WHERE place <= getvariable('newest_tagged')
), used AS (
    SELECT provider, registry_id, repository, digest, child_digests
    FROM candidates JOIN images_all USING (digest)
    WHERE in_use
        OR last_pulled_at >= getvariable('moment') - to_days(getvariable('used_within_days'))
), heads AS (FROM newest UNION FROM used),
chosen AS (
    SELECT provider, registry_id, repository, digest FROM heads
    UNION
    SELECT provider, registry_id, repository, unnest(child_digests) FROM heads
)
SELECT p.* REPLACE (c.digest IS NOT NULL AS current)
FROM placements_all AS p
LEFT JOIN (SELECT chosen.* FROM chosen
    JOIN candidates USING (provider, registry_id, repository, digest)) AS c
    USING (provider, registry_id, repository, digest);
