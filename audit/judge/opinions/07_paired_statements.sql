-- One row a pair of sources that both assessed a current image, and a vulnerability in a package of
-- it that at least one of them states: the severity that each gives it, null where it does not state
-- it. Columns are as in source_statements.
SELECT p.first_source, p.second_source, p.image, s.vulnerability_id, s.package, s.language,
    min(s.kind) AS kind, min(s.package_name) AS package_name,
    max(s.severity) FILTER (s.source = p.first_source) AS first_severity,
    max(s.severity) FILTER (s.source = p.second_source) AS second_severity, max(s.fix) AS fix
FROM source_pairs AS p
JOIN source_statements AS s USING (image)
WHERE s.source IN (p.first_source, p.second_source)
GROUP BY p.first_source, p.second_source, p.image, s.vulnerability_id, s.package, s.language
