-- Every exposure that is open as of this run; unconfirmed is open, and so is waived.
SELECT * REPLACE (
    CASE WHEN severity IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE')
        THEN severity ELSE 'UNKNOWN' END AS severity),
    CASE WHEN fix_state = 'available' THEN 'yes'
        WHEN fix_state IN ('not_available', 'wont_fix') THEN 'no' ELSE 'unknown' END AS fixable,
    list_position(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE'], severity) AS severity_place
FROM exposures_now WHERE state <> 'closed'
