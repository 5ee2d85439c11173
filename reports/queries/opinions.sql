-- Answers: how far two sources agree on the images that both assessed, one row a pair of sources.
-- Denominator: what at least one of the two states of these images: a vulnerability in a package in
-- an image, once. Pairs are about the same holes: there is no total.
SELECT first_source, second_source, images, alike_images, stated, by_both, first_alone, second_alone
FROM opinion_pairs
ORDER BY first_source, second_source
