-- Every provider that was asked, holds a placement or has an open exposure.
SELECT DISTINCT provider FROM (
    SELECT provider FROM scopes
    UNION ALL SELECT provider FROM placements
    UNION ALL SELECT provider FROM exposures_now WHERE state <> 'closed'
)
