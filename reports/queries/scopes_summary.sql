-- Answers: how the scopes tried ended, by cloud and kind. Denominator: scopes tried in this run.
SELECT provider, kind, count(*) AS scopes,
    count(*) FILTER (outcome = 'complete') AS complete,
    count(*) FILTER (outcome = 'partial') AS partial,
    count(*) FILTER (outcome = 'denied') AS denied,
    count(*) FILTER (outcome = 'disabled') AS disabled,
    count(*) FILTER (outcome = 'left_out') AS left_out,
    count(*) FILTER (outcome IS NULL
        OR outcome NOT IN ('complete', 'partial', 'denied', 'disabled', 'left_out')) AS failed
FROM scopes
GROUP BY provider, kind
ORDER BY provider,
    list_position(['discovery', 'inventory', 'configuration', 'findings', 'scan'], kind), kind
