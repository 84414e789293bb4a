"""Verify the database: nothing is lost, nothing is in two states, everything has a reason."""
