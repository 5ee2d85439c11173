-- Answers: when the way of looking changed: scanning, scanner, severity source, policy or tool.
-- Denominator: changes of method since the first run.
SELECT dense_rank() OVER (ORDER BY run_id) AS mark, day, provider, account, registry_id, source,
    change, before, after
FROM method_lines ORDER BY run_id, provider, account, registry_id, source, change, before, after
