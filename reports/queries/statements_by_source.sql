-- Answers: how much each source states, about every image, however often it says the same.
-- Denominator: findings of this run by that source. Sources state the same holes: there is no total.
SELECT provider, source, count(*) AS statements,
    count(DISTINCT (digest, package_name, coalesce(leading_id, CASE WHEN vulnerability_id ILIKE 'CVE-%'
        THEN upper(vulnerability_id) ELSE vulnerability_id END))) AS distinct_statements,
    count(DISTINCT digest) AS images
FROM findings LEFT JOIN leading_ids USING (vulnerability_id)
GROUP BY provider, source
ORDER BY provider, source
