-- One row a pair of sources that assessed a current image both: on how many images they can be
-- compared, on how many of these neither states anything alone, and what they state. stated is by_both
-- + first_alone + second_alone: each hole once. The rest is of by_both: whether they rate it alike;
-- unrated_by_one where only one of them rates it.
WITH told AS (
    SELECT first_source, second_source, image, count(*) AS stated,
        count(*) FILTER (first_severity IS NOT NULL AND second_severity IS NOT NULL) AS by_both,
        count(*) FILTER (second_severity IS NULL) AS first_alone,
        count(*) FILTER (first_severity IS NULL) AS second_alone,
        count(*) FILTER (first_severity = second_severity) AS same_severity,
        count(*) FILTER (first_severity > second_severity AND second_severity > 1) AS first_higher,
        count(*) FILTER (first_severity < second_severity AND first_severity > 1) AS second_higher,
        count(*) FILTER (first_severity <> second_severity
            AND least(first_severity, second_severity) = 1) AS unrated_by_one
    FROM paired_statements GROUP BY ALL
)
SELECT p.first_source, p.second_source, count(*) AS images,
    count(*) FILTER (coalesce(t.stated = t.by_both, true)) AS alike_images,
    coalesce(sum(t.stated), 0)::BIGINT AS stated, coalesce(sum(t.by_both), 0)::BIGINT AS by_both,
    coalesce(sum(t.first_alone), 0)::BIGINT AS first_alone,
    coalesce(sum(t.second_alone), 0)::BIGINT AS second_alone,
    coalesce(sum(t.same_severity), 0)::BIGINT AS same_severity,
    coalesce(sum(t.first_higher), 0)::BIGINT AS first_higher,
    coalesce(sum(t.second_higher), 0)::BIGINT AS second_higher,
    coalesce(sum(t.unrated_by_one), 0)::BIGINT AS unrated_by_one
FROM source_pairs AS p LEFT JOIN told AS t USING (first_source, second_source, image)
GROUP BY p.first_source, p.second_source
