-- What was stated of current images in each run, by leading id as it was known then. dismissed: by the
-- source (withdrawn) or, for all images that carry it, by the publisher (VEX).
placed AS (
    SELECT f.run_id, f.provider, f.registry_id, f.repository, f.digest, f.vulnerability_id,
        coalesce(f.package_name, '') AS package_name, f.severity, f.fix_state, f.vex_status,
        f.observed_run_id
    FROM findings_snapshots AS f
    SEMI JOIN (FROM placements_snapshots WHERE current) AS p
        USING (run_id, provider, registry_id, repository, digest)
), told AS (
    SELECT run_id, provider, registry_id, repository, vulnerability_id, package_name,
        max(list_position(['UNKNOWN', 'NEGLIGIBLE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'], severity))
            AS severity,
        max(list_position(['unknown', 'not_available', 'wont_fix', 'available'], fix_state)) AS fix,
        bool_or(observed_run_id = run_id) AS fresh
    FROM placed GROUP BY ALL
), changed_names AS (
    SELECT vulnerability_id, leading_id, run_id,
        lead(run_id, 1, 'later') OVER (PARTITION BY vulnerability_id ORDER BY run_id) AS until
    FROM vulnerability_groups_history
), named AS (
    SELECT s.* REPLACE (coalesce(g.leading_id, CASE WHEN regexp_full_match(s.vulnerability_id,
        'CVE-[0-9]{4}-[0-9]{4,}', 'i') THEN upper(s.vulnerability_id) ELSE s.vulnerability_id END)
        AS vulnerability_id)
    FROM told AS s LEFT JOIN changed_names AS g ON g.vulnerability_id = s.vulnerability_id
        AND s.run_id >= g.run_id AND s.run_id < g.until
), grouped AS (
    SELECT run_id, provider, registry_id, repository, vulnerability_id, package_name,
        max(severity) AS severity, max(fix) AS fix, bool_or(fresh) AS fresh
    FROM named GROUP BY ALL
), publisher AS (
    SELECT p.run_id, p.registry_id, p.repository, p.package_name,
        coalesce(g.leading_id, upper(p.vulnerability_id)) AS vulnerability_id,
        p.digest, coalesce(bool_or(vex_status = 'not_affected')
            AND NOT bool_or(vex_status IN ('affected', 'under_investigation')), false) AS cleared
    FROM placed AS p
    SEMI JOIN (FROM placed WHERE vex_status IS NOT NULL) AS spoke
        USING (run_id, registry_id, repository, package_name)
    LEFT JOIN changed_names AS g ON g.vulnerability_id = p.vulnerability_id
        AND p.run_id >= g.run_id AND p.run_id < g.until
    GROUP BY ALL
), cleared AS (
    SELECT run_id, registry_id, repository, package_name, vulnerability_id FROM publisher
    GROUP BY ALL HAVING bool_and(cleared)
), withdrawn AS (
    SELECT vulnerability_id, min(run_id) AS run_id, max(withdrawn_at) AS withdrawn_at
    FROM vulnerabilities_history WHERE withdrawn_at IS NOT NULL GROUP BY vulnerability_id
), stated AS (
    SELECT g.*, c.run_id IS NOT NULL
            OR coalesce(w.run_id <= g.run_id AND w.withdrawn_at <= r.started_at, false) AS dismissed
    FROM grouped AS g JOIN all_runs AS r USING (run_id)
    LEFT JOIN withdrawn AS w USING (vulnerability_id)
    LEFT JOIN cleared AS c USING (run_id, registry_id, repository, package_name, vulnerability_id)
)
