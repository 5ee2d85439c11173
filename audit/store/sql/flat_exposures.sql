-- Every exposure as of a run, closed ones too, with the owner of its repository.
SELECT e.* FROM exposures_now AS e
