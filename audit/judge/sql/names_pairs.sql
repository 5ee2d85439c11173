-- Ids that some source calls one vulnerability, wherever at least one of the two is no CVE.
SELECT DISTINCT one, two FROM (
    SELECT vulnerability_id AS one, unnest(aliases) AS two FROM (
        SELECT DISTINCT vulnerability_id, aliases FROM findings_all
        WHERE observed_run_id = getvariable('run_id') AND len(aliases) > 0)
    UNION ALL
    SELECT vulnerability_id, unnest(aliases) FROM vulnerabilities_changed WHERE len(aliases) > 0
)
WHERE one <> two AND two <> ''
    AND NOT (regexp_full_match(one, 'CVE-\d{4}-\d{4,}', 'i')
        AND regexp_full_match(two, 'CVE-\d{4}-\d{4,}', 'i'))
