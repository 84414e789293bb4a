"""Decide who wrote an email, a person or a machine, with reasons."""
