-- Which open exposures a waiver marks. Waived is open: a waiver closes nothing, and when it has ended
-- or is no longer told the mark is gone.
CREATE TEMP TABLE in_force AS
SELECT *, {'ends': coalesce(expires_at, 'infinity'::TIMESTAMPTZ), 'id': waiver_id} AS mark
FROM waivers_all
WHERE coalesce(starts_at <= getvariable('moment'), true)
    AND coalesce(expires_at > getvariable('moment'), true);

-- Exposures of which every carrier is waived, in each version of the package that lies in it.
CREATE TEMP TABLE waived AS
WITH versions AS (
    SELECT f.registry_id, f.repository, led(f.vulnerability_id, g.leading_id) AS vulnerability_id,
        coalesce(f.package_name, '') AS package_name, f.digest, f.package_version,
        min(w.mark) FILTER (w.waiver_id IS NOT NULL) AS mark
    FROM findings_all AS f
    JOIN current_images AS p USING (provider, registry_id, repository, digest)
    LEFT JOIN groups_now AS g USING (vulnerability_id)
    LEFT JOIN in_force AS w USING (waiver_id)
    WHERE f.digest IN (SELECT digest FROM findings_all WHERE waiver_id IS NOT NULL)
    GROUP BY ALL
), images AS (
    SELECT registry_id, repository, vulnerability_id, package_name, digest, min(mark) AS mark
    FROM versions GROUP BY ALL HAVING bool_and(mark IS NOT NULL)
)
SELECT registry_id, repository, vulnerability_id, package_name, count(*) AS images,
    min(mark) AS mark
FROM images GROUP BY ALL;

-- What is no longer stated may be left out because it is waived: that is no proof that it is mended.
-- unseen: the source would not state it of any image, so that no newer one proves anything either.
CREATE TEMP TABLE hidden AS
WITH reached AS (
    SELECT b.key, w.mark, false AS unseen
    FROM open_before AS b JOIN in_force AS w USING (waiver_id)
    UNION ALL
    -- Who is not named may be covered: that is a doubt and no mark.
    SELECT b.key, CASE WHEN w.vulnerability_ids IS NOT NULL THEN w.mark END, true
    FROM open_before AS b JOIN in_force AS w
        ON w.may_hide AND w.provider = b.provider AND list_contains(b.sources, w.origin)
            AND coalesce(list_contains(w.vulnerability_ids, b.vulnerability_id), true)
            AND coalesce(list_contains(w.severities, b.severity), true)
            AND coalesce(list_contains(w.registry_ids, b.registry_id), true)
            AND coalesce(w.account = b.account, true)
)
SELECT key, min(mark) AS mark, bool_or(unseen) AS unseen FROM reached GROUP BY key;

CREATE TEMP TABLE marked AS
SELECT key, mark.id AS waiver_id,
    CASE WHEN isfinite(mark.ends) THEN mark.ends END AS waived_until
FROM (
    SELECT s.key, w.mark FROM stated AS s JOIN waived AS w
        ON (w.registry_id, w.repository, w.vulnerability_id, w.package_name, w.images)
            = (s.registry_id, s.repository, s.vulnerability_id, coalesce(s.package_name, ''),
                len(s.carrier_digests))
    UNION ALL SELECT key, mark FROM hidden WHERE mark IS NOT NULL
);
