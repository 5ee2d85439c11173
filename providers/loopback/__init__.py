"""The clouds' other side: servers for the demo and the tests."""
