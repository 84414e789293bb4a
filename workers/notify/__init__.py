"""Notify people: decide who gets an email, and write it."""
