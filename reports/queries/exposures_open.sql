-- Answers: how many exposures are open, by cloud, severity and fix, and how many statements of the
-- sources stand behind that, each once whichever sources make it. Denominator: open exposures;
-- statements: findings of this run.
-- Needs: open_exposures
WITH counted AS (
    SELECT provider, severity, fixable, count(*) AS open,
        count(*) FILTER (state = 'unconfirmed') AS unconfirmed,
        count(waiver_id) AS waived
    FROM open_exposures
    GROUP BY GROUPING SETS ((provider, severity, fixable), (provider), ())
), stated AS (
    SELECT provider, severity, fixable,
        count(DISTINCT (digest, vulnerability_id, package_name)) AS distinct_statements,
        count(DISTINCT digest) AS images
    FROM (
        SELECT provider, digest, package_name,
            coalesce(leading_id, CASE WHEN vulnerability_id ILIKE 'CVE-%'
                THEN upper(vulnerability_id) ELSE vulnerability_id END) AS vulnerability_id,
            CASE WHEN severity IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE')
                THEN severity ELSE 'UNKNOWN' END AS severity,
            CASE WHEN fix_state = 'available' THEN 'yes'
                WHEN fix_state IN ('not_available', 'wont_fix') THEN 'no'
                ELSE 'unknown' END AS fixable
        FROM findings LEFT JOIN leading_ids USING (vulnerability_id)
    )
    GROUP BY GROUPING SETS ((provider, severity, fixable), (provider), ())
)
SELECT * FROM (
    SELECT coalesce(c.provider, s.provider) AS provider,
        coalesce(c.severity, s.severity) AS severity, coalesce(c.fixable, s.fixable) AS fixable,
        coalesce(c.open, 0) AS open, coalesce(c.unconfirmed, 0) AS unconfirmed,
        coalesce(c.waived, 0) AS waived,
        coalesce(s.distinct_statements, 0) AS distinct_statements, coalesce(s.images, 0) AS images
    FROM counted AS c
    FULL JOIN stated AS s
        ON c.provider IS NOT DISTINCT FROM s.provider
        AND c.severity IS NOT DISTINCT FROM s.severity
        AND c.fixable IS NOT DISTINCT FROM s.fixable
)
ORDER BY provider NULLS LAST,
    list_position(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE', 'UNKNOWN'], severity)
        NULLS LAST,
    list_position(['yes', 'no', 'unknown'], fixable) NULLS LAST
