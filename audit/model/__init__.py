"""The words of the domain: enums, scopes, rows."""
