-- Title: Where two sources judged the same images, how far do they agree?
-- Answers: each pair of sources over the current images that both assessed, in whatever places. One
--   that is counted is a vulnerability in a package in an image, once; rows of different pairs are
--   about the same ones and are not to be added up. What one alone states, image by image, is in the
--   view opinions.
-- Column: first_source: One of the two.
-- Column: second_source: The other.
-- Column: images: Current images that both assessed; nothing else is compared.
-- Column: alike_images: Of these, those of which neither states anything that the other does not.
-- Column: stated: Stated of these images by at least one of the two.
-- Column: by_both: Of these, stated by both.
-- Column: first_alone: Stated by the first alone.
-- Column: second_alone: Stated by the second alone.
-- Column: agreement: Share of by_both in stated, between 0 and 1; null where neither states anything.
-- Column: same_severity: Of by_both, those that the two rate alike.
-- Column: first_higher: Of by_both, those that the first rates higher.
-- Column: second_higher: Of by_both, those that the second rates higher.
-- Column: unrated_by_one: Of by_both, those that only one of them rates.
-- Tables: opinion_pairs
SELECT first_source, second_source, images, alike_images, stated, by_both, first_alone, second_alone,
    by_both / nullif(stated, 0) AS agreement, same_severity, first_higher, second_higher,
    unrated_by_one
FROM opinion_pairs
ORDER BY first_source, second_source
