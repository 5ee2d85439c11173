-- Why an exposure can be seen now that was not before, and why one can no longer be seen.

-- For what is newly stated: how well its carriers were known in the previous run.
CREATE TEMP TABLE appearance AS
SELECT s.key,
    CASE
        WHEN NOT bool_or(known.repository IS NOT NULL) THEN 'first_look'
        WHEN bool_or(was.current AND judged.state = 'assessed') THEN 'newly_reported'
        WHEN bool_or(was.current) THEN 'first_assessed'
        WHEN bool_or(was.digest IS NOT NULL) THEN 'became_current'
        ELSE 'new_image'
    END AS reason
FROM (
    SELECT s.key, s.registry_id, s.repository, unnest(s.sources) AS source, s.carrier_digests
    FROM stated AS s LEFT JOIN prior AS p USING (key)
    WHERE coalesce(p.state, 'closed') = 'closed'
) AS s
CROSS JOIN unnest(s.carrier_digests) AS carrier(digest)
LEFT JOIN (SELECT DISTINCT registry_id, repository FROM prev_placements) AS known
    USING (registry_id, repository)
LEFT JOIN prev_placements AS was
    ON (was.registry_id, was.repository, was.digest)
        = (s.registry_id, s.repository, carrier.digest)
LEFT JOIN prev_assessments AS judged
    ON (judged.registry_id, judged.repository, judged.digest, judged.source)
        = (s.registry_id, s.repository, carrier.digest, s.source)
GROUP BY s.key;

-- The scope that listed a repository in this run, where one did: an imported report has a scope of
-- its own each time.
CREATE TEMP TABLE listed_by AS
SELECT registry_id, repository, max(scope_id) AS scope_id FROM placements_current
WHERE observed_run_id = getvariable('run_id') GROUP BY ALL;

-- What the current images of the previous run carried, under the name of then and of now.
CREATE TEMP TABLE carried_before AS
SELECT DISTINCT p.provider, f.registry_id, f.repository, f.digest,
    led(f.vulnerability_id, g.leading_id) AS vulnerability_id,
    led(f.vulnerability_id, old.leading_id) AS named_before,
    f.package_name, p.pushed_at
FROM prev_findings AS f
JOIN prev_placements AS p USING (provider, registry_id, repository, digest)
LEFT JOIN groups_now AS g USING (vulnerability_id)
LEFT JOIN groups_before AS old USING (vulnerability_id)
WHERE p.current;

-- Open exposures that are no longer stated, and the images that carried them when they last were.
CREATE TEMP TABLE open_before AS
WITH unseen AS (FROM prior ANTI JOIN stated USING (key) WHERE state <> 'closed'),
carried AS (
    SELECT u.key, list_sort(list(DISTINCT c.digest)) AS carrier_digests,
        max(c.pushed_at) AS pushed_at
    FROM unseen AS u JOIN carried_before AS c
        ON (c.registry_id, c.repository, c.vulnerability_id, coalesce(c.package_name, ''))
            = (u.registry_id, u.repository, u.vulnerability_id, coalesce(u.package_name, ''))
    GROUP BY u.key
)
SELECT e.* REPLACE (
    coalesce(c.carrier_digests, e.carrier_digests) AS carrier_digests,
    CASE WHEN c.key IS NULL THEN e.carrier_pushed_at ELSE c.pushed_at END AS carrier_pushed_at,
    coalesce(l.scope_id, e.scope_id) AS scope_id)
FROM unseen AS e
LEFT JOIN carried AS c USING (key)
LEFT JOIN listed_by AS l USING (registry_id, repository);

-- Images that some source looked at in this run, or believes to be clean.
CREATE TEMP TABLE looked_at AS
SELECT provider, registry_id, repository, digest,
    bool_or(raw_state = 'inferred_clean' OR (raw_state = 'assessed' AND state = 'assessed'))
        AS clean
FROM assessments_told GROUP BY ALL;

-- Each current image of its repository, and whether each source that had stated the exposure looked
-- at that image in this run. One pushed at the very moment of the carriers may be what replaced them
-- (times are told in seconds): it proves no fix, and unseen it keeps the exposure from being removed.
CREATE TEMP TABLE looks AS
SELECT b.key, i.digest,
    list_contains(b.carrier_digests, i.digest) AS was_carrier,
    coalesce(i.pushed_at >= b.carrier_pushed_at, true) AS maybe_newer,
    coalesce(i.pushed_at > b.carrier_pushed_at, false) AS newer,
    bool_and(coalesce(a.raw_state = 'assessed' AND a.state = 'assessed', false)) AS assessed,
    coalesce(bool_or(a.second_look), false) AS second_look,
    coalesce(any_value(seen.clean), false) AS believed_clean,
    min(CASE
        WHEN a.state IS NULL THEN 'not_scanned'
        WHEN a.state <> 'assessed' THEN a.state
        WHEN a.raw_state <> 'assessed' THEN 'carried'
    END) AS blind_state
FROM open_before AS b
JOIN current_images AS i USING (registry_id, repository)
CROSS JOIN unnest(b.sources) AS had(source)
LEFT JOIN assessments_told AS a
    ON (a.provider, a.registry_id, a.repository, a.digest, a.source)
        = (i.provider, i.registry_id, i.repository, i.digest, had.source)
LEFT JOIN looked_at AS seen
    ON (seen.provider, seen.registry_id, seen.repository, seen.digest)
        = (i.provider, i.registry_id, i.repository, i.digest)
GROUP BY ALL;

CREATE TEMP TABLE vanished AS
SELECT b.key,
    count(l.digest) AS current_images,
    coalesce(bool_and(l.assessed), false) AND coalesce(bool_or(l.newer OR l.was_carrier), false)
        AS proven,
    coalesce(bool_or(l.second_look), false) AND any_value(b.reason) IS DISTINCT FROM 'absent_once'
        AS first_absence,
    coalesce(bool_or(l.second_look) FILTER (l.maybe_newer), false)
        AND any_value(b.reason) IS DISTINCT FROM 'absent_once' AS newer_once,
    coalesce(bool_or(l.was_carrier), false) AS carrier_current,
    coalesce(bool_and(l.believed_clean) FILTER (l.maybe_newer), true) AS newer_clean,
    min(l.blind_state) FILTER (l.was_carrier AND NOT l.assessed) AS carrier_state,
    min(l.blind_state) FILTER (NOT l.believed_clean) AS successor_state,
    min(l.blind_state) FILTER (NOT l.assessed) AS any_state
FROM open_before AS b LEFT JOIN looks AS l USING (key)
GROUP BY b.key;
