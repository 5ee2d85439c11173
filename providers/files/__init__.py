"""Reports that scanners elsewhere left in files."""
