-- One row a pair of sources that both assessed a current image, and that image, by its number in
-- image_looks. first_source is the first of the two in the alphabet.
SELECT image, one.source AS first_source, two.source AS second_source
FROM (SELECT image, unnest(sources) AS source FROM image_looks) AS one
JOIN (SELECT image, unnest(sources) AS source FROM image_looks) AS two USING (image)
WHERE one.source < two.source
