-- What differs in how was looked, against the run before: figures on the two sides are not of one
-- kind. Only what both runs could tell is compared; a night that could not look changed no method.
CREATE TEMP TABLE method_changes_now AS
WITH area AS (
    SELECT DISTINCT provider, account, registry_id FROM placements_current
    UNION SELECT DISTINCT provider, account, registry_id FROM registries_all
), registry AS (
    SELECT provider, registry_id, any_value(account ORDER BY account) AS account
    FROM area GROUP BY ALL
), used AS (
    SELECT true AS now, provider, registry_id, source, told_state, scanner_version, digest
    FROM assessments_all
    UNION ALL
    SELECT false, provider, registry_id, source, coalesce(told_state, state), scanner_version,
        digest
    FROM prev_assessments
), looked AS (
    SELECT now, provider, registry_id,
        list_sort(list(DISTINCT source)) AS sources
    FROM used WHERE source <> 'none' AND told_state NOT IN ('stale', 'denied', 'unknown')
    GROUP BY ALL
), versions AS (
    SELECT now, provider, registry_id, source, max(scanner_version) AS version
    FROM used WHERE scanner_version IS NOT NULL GROUP BY ALL
), graders AS (
    SELECT now, provider, registry_id, source, arg_max(severity_source, (n, severity_source)) AS who
    FROM (
        SELECT true AS now, provider, registry_id, source, severity_source, count(*) AS n
        FROM findings_all WHERE severity_source IS NOT NULL GROUP BY ALL
        UNION ALL
        SELECT false, provider, registry_id, source, severity_source, count(*)
        FROM prev_findings WHERE severity_source IS NOT NULL GROUP BY ALL
    ) GROUP BY ALL
), told AS (
    SELECT n.provider, n.registry_id, '' AS source, 'scan_type' AS change,
        b.scan_type AS before, n.scan_type AS after
    FROM registries_all AS n JOIN prev_registries AS b USING (provider, registry_id)
    UNION ALL
    SELECT n.provider, n.registry_id, '', 'sources',
        array_to_string(b.sources, ', '), array_to_string(n.sources, ', ')
    FROM looked AS n JOIN looked AS b USING (provider, registry_id) WHERE n.now AND NOT b.now
    UNION ALL
    SELECT n.provider, n.registry_id, n.source, 'scanner_version', b.version, n.version
    FROM versions AS n JOIN versions AS b USING (provider, registry_id, source)
    WHERE n.now AND NOT b.now
    UNION ALL
    SELECT n.provider, n.registry_id, n.source, 'severity_source', b.who, n.who
    FROM graders AS n JOIN graders AS b USING (provider, registry_id, source)
    WHERE n.now AND NOT b.now
)
SELECT t.provider, coalesce(r.account, '') AS account, t.registry_id, t.source, t.change,
    t.before, t.after
FROM told AS t LEFT JOIN registry AS r USING (provider, registry_id)
WHERE t.before <> t.after
UNION ALL
SELECT '', '', '', '', change, before, after FROM prev_runs, unnest([
    {'change': 'policy', 'before': policy, 'after': getvariable('policy')},
    {'change': 'tool_version', 'before': tool_version, 'after': getvariable('tool_version')}
]) AS c(pair), LATERAL (SELECT pair.change AS change, pair.before AS before, pair.after AS after)
WHERE before <> after;
