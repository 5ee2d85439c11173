-- Answers: of the exposures whose due day fell in a month, how many were fixed by that day.
-- Denominator: due = in time + late + overdue + removed late; left out is not in it.
SELECT strftime(due_month, '%Y-%m') AS due_month, sum(due) AS due, sum(in_time) AS in_time, sum(late) AS late,
    sum(overdue) AS overdue, sum(removed_late) AS removed_late, sum(left_out) AS left_out
FROM deadline_attainment GROUP BY ALL ORDER BY 1
