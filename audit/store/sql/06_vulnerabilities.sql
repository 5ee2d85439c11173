-- What is known of each vulnerability, where that changed in this run.
CREATE TEMP TABLE vulnerabilities_changed AS
WITH told AS (
    SELECT vulnerability_id,
        max(aliases) AS aliases, max(title) AS title, max(description) AS description,
        list_sort(list_distinct(flatten(list(coalesce("references", []))))) AS "references",
        list_sort(list_distinct(flatten(list(coalesce(cvss, []))))) AS cvss,
        min(published_at) AS published_at, max(withdrawn_at) AS withdrawn_at,
        min(kev_added_at) AS kev_added_at, max(epss_score) AS epss_score,
        max(epss_percentile) AS epss_percentile
    FROM staged_vulnerabilities GROUP BY vulnerability_id
), known AS (
    SELECT * EXCLUDE (run_id) FROM vulnerabilities_history
    QUALIFY row_number() OVER (PARTITION BY vulnerability_id ORDER BY run_id DESC) = 1
)
FROM told EXCEPT (SELECT vulnerability_id, aliases, title, description, "references", cvss,
    published_at, withdrawn_at, kev_added_at, epss_score, epss_percentile FROM known);
