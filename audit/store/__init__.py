"""The warehouse: the only package that knows paths and files."""
