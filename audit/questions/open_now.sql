-- Title: What is open today, by cloud and severity?
-- Answers: open exposures as of the run, with how many of the current images were looked at.
-- Column: provider: Cloud.
-- Column: severity: Highest severity stated.
-- Column: open: Open exposures, those that could not be confirmed included.
-- Column: unconfirmed: Of the open, those that this run could not confirm.
-- Column: fixable: Of the open, those for which a fix is known.
-- Column: exploited: Of the open, those in the KEV catalogue.
-- Column: oldest_days: Age of the oldest open one in whole days.
-- Column: assessed: Current images of the cloud that a source assessed; no zero means much without it.
-- Column: images: Current images of the cloud.
-- Tables: exposures_now, coverage, runs
WITH looked AS (
    SELECT provider, sum(current_placements)::BIGINT AS images,
        coalesce(sum(current_placements) FILTER (state = 'assessed'), 0)::BIGINT AS assessed
    FROM coverage GROUP BY provider
), told AS (
    SELECT provider, severity, count(*) AS open,
        count(*) FILTER (state = 'unconfirmed') AS unconfirmed,
        count(*) FILTER (fix_state = 'available') AS fixable,
        count(kev_added_at) AS exploited,
        max(date_diff('day', opened_at, (SELECT started_at FROM runs))) AS oldest_days
    FROM exposures_now WHERE state <> 'closed' GROUP BY ALL
)
SELECT p.provider, s.severity, coalesce(open, 0) AS open, coalesce(unconfirmed, 0) AS unconfirmed,
    coalesce(fixable, 0) AS fixable, coalesce(exploited, 0) AS exploited, oldest_days,
    coalesce(assessed, 0) AS assessed, coalesce(images, 0) AS images
FROM (SELECT provider FROM looked UNION SELECT provider FROM told) AS p
CROSS JOIN (VALUES ('CRITICAL', 1), ('HIGH', 2), ('MEDIUM', 3), ('LOW', 4), ('NEGLIGIBLE', 5),
    ('UNKNOWN', 6)) AS s(severity, place)
LEFT JOIN told USING (provider, severity)
LEFT JOIN looked USING (provider)
ORDER BY p.provider, s.place
