-- Answers: how each control on settings stands in each cloud. Denominator: subjects judged; the
-- share judged is (pass + fail) of all but those it does not apply to.
SELECT control_id, provider, count(*) FILTER (status = 'PASS') AS pass,
    count(*) FILTER (status = 'FAIL') AS fail,
    count(*) FILTER (status IS NULL OR status NOT IN ('PASS', 'FAIL', 'NOT_APPLICABLE', 'EXCEPTED',
        'MANUAL')) AS unknown,
    count(*) FILTER (status = 'NOT_APPLICABLE') AS not_applicable,
    count(*) FILTER (status = 'EXCEPTED') AS excepted,
    count(*) FILTER (status = 'MANUAL') AS manual,
    count(*) FILTER (status IN ('PASS', 'FAIL')) AS judged,
    count(*) FILTER (status IS DISTINCT FROM 'NOT_APPLICABLE') AS applicable
FROM control_results
GROUP BY control_id, provider
ORDER BY control_id, provider
