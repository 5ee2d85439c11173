-- What publishers state of the images they name becomes the vex_status of those images' findings.
-- The newest issue of a document stands until a later one comes; it outlives the scanners' answers.
-- Of several statements, the source's own among them, the least favourable holds; of one document's
-- about the same thing the one that was made last.
CREATE TEMP MACRO vex_rank(word) AS
    list_position(['affected', 'under_investigation', 'fixed', 'not_affected'], word);

CREATE TEMP TABLE vex_all AS
WITH told AS (
    SELECT * REPLACE (getvariable('run_id') AS observed_run_id) FROM staged_vex_statements
    UNION ALL BY NAME SELECT * FROM prev_vex_statements
), newest AS (
    FROM (SELECT DISTINCT document_id, scope_id, observed_run_id, issued_at FROM told)
    QUALIFY row_number() OVER (PARTITION BY document_id
        ORDER BY issued_at DESC NULLS LAST, observed_run_id DESC, scope_id) = 1
)
SELECT t.* REPLACE (t.digest IN (SELECT digest FROM placements_all) AS image_known)
FROM told AS t SEMI JOIN newest AS n ON (t.document_id, t.scope_id, t.observed_run_id)
    = (n.document_id, n.scope_id, n.observed_run_id)
    AND t.issued_at IS NOT DISTINCT FROM n.issued_at
QUALIFY row_number() OVER (
    PARTITION BY t.document_id, t.product, t.digest, t.package, t.vulnerability_id
    ORDER BY t.stated_at DESC NULLS LAST, vex_rank(t.status)) = 1;

-- An advisory that covers several CVEs is not dismissed by what is stated of one of them.
CREATE TEMP MACRO names_one(f) AS len(list_distinct(list_filter(
    list_append(f.aliases, f.vulnerability_id), lambda id: id ILIKE 'CVE-%'))) < 2;
CREATE TEMP MACRO vex_names(v, f) AS v.digest = f.digest
    AND coalesce(v.registry_id = f.registry_id AND v.repository = f.repository, true)
    AND (v.vulnerability_id = f.vulnerability_id OR list_contains(v.aliases, f.vulnerability_id)
        OR (list_contains(f.aliases, v.vulnerability_id) AND names_one(f)))
    AND coalesce(list_contains(v.package_names, f.package_name), v.package_names IS NULL)
    AND coalesce(v.package_version = f.package_version, true);

-- What stands from an earlier run carries what was stated then: that is taken off first.
UPDATE findings_all AS f SET vex_status = NULL
FROM prev_vex_statements AS v
WHERE vex_names(v, f) AND f.vex_status = v.status
    AND NOT EXISTS (
        FROM staged_findings_owned AS s WHERE s.vex_status IS NOT NULL
        AND (s.provider, s.registry_id, s.repository, s.digest, s.source, s.vulnerability_id)
            = (f.provider, f.registry_id, f.repository, f.digest, f.source, f.vulnerability_id));

UPDATE findings_all AS f SET vex_status = s.status
FROM (
    SELECT f.rowid AS row, arg_min(v.status, vex_rank(v.status)) AS status
    FROM findings_all AS f JOIN vex_all AS v ON vex_names(v, f)
    GROUP BY f.rowid
) AS s
WHERE f.rowid = s.row
    AND coalesce(vex_rank(s.status) < vex_rank(f.vex_status), f.vex_status IS NULL);
