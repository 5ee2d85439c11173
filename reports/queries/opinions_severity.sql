-- Answers: whether two sources rate alike what both state. Denominator: what both state.
SELECT first_source, second_source, by_both, same_severity, first_higher, second_higher,
    unrated_by_one
FROM opinion_pairs
ORDER BY first_source, second_source
