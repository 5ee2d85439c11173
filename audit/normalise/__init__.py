"""Pure functions from the sources' words to ours."""
