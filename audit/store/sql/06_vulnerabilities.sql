-- What is known of each vulnerability, where that grew or changed in this run. What a source told in
-- an earlier run is not forgotten because it could not speak in this one.
CREATE TEMP TABLE vulnerabilities_changed AS
WITH told AS (
    SELECT vulnerability_id,
        list_sort(list_distinct(flatten(list(coalesce(aliases, []))))) AS aliases,
        max(title) AS title, max(description) AS description,
        list_sort(list_distinct(flatten(list(coalesce("references", []))))) AS "references",
        list_sort(list_distinct(flatten(list(coalesce(cvss, []))))) AS cvss,
        min(published_at) AS published_at, max(withdrawn_at) AS withdrawn_at,
        min(kev_added_at) AS kev_added_at, max(epss_score) AS epss_score,
        max(epss_percentile) AS epss_percentile
    FROM staged_vulnerabilities GROUP BY vulnerability_id
), known AS (
    SELECT * EXCLUDE (run_id) FROM vulnerabilities_history
    QUALIFY row_number() OVER (PARTITION BY vulnerability_id ORDER BY run_id DESC) = 1
), merged AS (
    SELECT t.vulnerability_id,
        list_sort(list_distinct(list_concat(t.aliases, coalesce(k.aliases, [])))) AS aliases,
        coalesce(t.title, k.title) AS title, coalesce(t.description, k.description) AS description,
        list_sort(list_distinct(list_concat(t."references", coalesce(k."references", []))))
            AS "references",
        -- A source that spoke in this run replaces its own scores and no other's.
        list_sort(list_distinct(list_concat(t.cvss, list_filter(coalesce(k.cvss, []),
            lambda c: NOT list_contains(list_transform(t.cvss, lambda n: n.source), c.source)))))
            AS cvss,
        coalesce(t.published_at, k.published_at) AS published_at,
        coalesce(t.withdrawn_at, k.withdrawn_at) AS withdrawn_at,
        coalesce(t.kev_added_at, k.kev_added_at) AS kev_added_at,
        coalesce(t.epss_score, k.epss_score) AS epss_score,
        coalesce(t.epss_percentile, k.epss_percentile) AS epss_percentile
    FROM told AS t LEFT JOIN known AS k USING (vulnerability_id)
)
FROM merged EXCEPT (SELECT vulnerability_id, aliases, title, description, "references", cvss,
    published_at, withdrawn_at, kev_added_at, epss_score, epss_percentile FROM known);
