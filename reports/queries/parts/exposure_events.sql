-- What this run changed, one row an exposure, named by what it means for the count of open ones.
SELECT *,
    CASE WHEN event = 'opened' THEN 'new'
        WHEN event = 'closed' THEN coalesce(closing_reason, reason, 'closed')
        WHEN event = 'merged' AND exposure_id NOT IN (
            SELECT exposure_id FROM exposures_before WHERE state <> 'closed') THEN 'changed'
        ELSE event END AS change
FROM exposure_changes
