-- What this run changed, one row an exposure, named by what it means for the count of open ones.
SELECT *,
    CASE event WHEN 'opened' THEN 'new'
        WHEN 'closed' THEN coalesce(closing_reason, reason, 'closed') ELSE event END AS change
FROM exposure_changes
