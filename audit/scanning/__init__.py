"""Looking into images with a scanner of our own: what to look at, and what became of it."""
