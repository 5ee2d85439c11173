"""Plan scopes, read them in parallel, record an outcome for each."""
