-- One row an id of a vulnerability that goes by another one, as of this run.
SELECT vulnerability_id, arg_max(leading_id, run_id) AS leading_id
FROM vulnerability_groups_history GROUP BY vulnerability_id
