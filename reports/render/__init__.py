"""Turn a report's figures into a file."""
