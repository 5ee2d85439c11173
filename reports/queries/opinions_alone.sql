-- Answers: what one source states and the other of the pair does not: of what kind, whether a fix is
-- known, and what is known of why the other is silent. Denominator: stated by one of the pair alone.
SELECT CASE stated_by WHEN 'first' THEN first_source ELSE second_source END AS source,
    CASE stated_by WHEN 'first' THEN second_source ELSE first_source END AS silent,
    reason, kind, fixable, count(*) AS stated, count(DISTINCT digest) AS images
FROM opinions
WHERE stated_by <> 'both'
GROUP BY source, silent, reason, kind, fixable
ORDER BY source, silent, list_position(['not_stated', 'own_id', 'other_package', 'kind_unknown',
    'os_packages_only'], reason), kind, list_position(['yes', 'no', 'unknown'], fixable)
