-- Which placements policy counts as current: tagged and among the newest N of their repository by
-- push, or pulled or in use within D days; archived ones never; children follow their index. What
-- was imported counts as tagged: somebody had it scanned, and a report need not know its tags.
-- Where a fact is missing the answer is yes: an image is not put aside for what nobody could read.
CREATE TEMP TABLE placements_current AS
WITH candidates AS (
    SELECT p.*, i.kind, i.child_digests, coalesce(p.pushed_at, i.created_at) AS since
    FROM placements_all AS p JOIN images_all AS i ON i.digest = p.digest
    WHERE i.kind IN ('image', 'index') AND NOT coalesce(p.archived, false)
), newest AS (
    FROM candidates WHERE len(tags) > 0 OR provider = 'files'
    QUALIFY since IS NULL OR row_number() OVER (
        PARTITION BY provider, registry_id, repository ORDER BY since DESC NULLS LAST, digest)
        <= getvariable('newest_tagged')
), used AS (
    FROM candidates
    WHERE in_use
        OR last_pulled_at >= getvariable('moment') - to_days(getvariable('used_within_days'))
), heads AS (
    SELECT provider, registry_id, repository, digest, kind, child_digests FROM newest
    UNION SELECT provider, registry_id, repository, digest, kind, child_digests FROM used
), chosen AS (
    SELECT provider, registry_id, repository, digest FROM heads
    UNION
    SELECT provider, registry_id, repository, unnest(child_digests) FROM heads
    UNION
    -- An index whose children nobody could read: any untagged image beside it may be one.
    SELECT c.provider, c.registry_id, c.repository, c.digest
    FROM candidates AS c
    SEMI JOIN (FROM heads WHERE kind = 'index' AND child_digests IS NULL) AS unread
        USING (provider, registry_id, repository)
    WHERE len(c.tags) = 0
), live AS (
    SELECT DISTINCT provider, registry_id, repository, digest FROM chosen
    SEMI JOIN candidates USING (provider, registry_id, repository, digest)
)
SELECT p.* REPLACE (
    -- What was not listed in this run is neither promoted nor put aside by it.
    CASE WHEN p.observed_run_id = getvariable('run_id') THEN l.digest IS NOT NULL
        ELSE coalesce(p.current, false) END AS current)
FROM placements_all AS p
LEFT JOIN live AS l USING (provider, registry_id, repository, digest);
