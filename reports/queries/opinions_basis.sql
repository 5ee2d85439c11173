-- Answers: how many images are compared, as two sources assessed them, and how many cannot be.
-- Denominator: current images of kind image, each once wherever it lies.
SELECT count(*) AS images, count(*) FILTER (len(sources) > 1) AS compared,
    count(*) FILTER (len(sources) = 1) AS by_one, count(*) FILTER (len(sources) = 0) AS by_none
FROM image_looks
ORDER BY 1
