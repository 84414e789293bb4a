"""Decide what a ticket is about, how urgent it is, whose it is, and say why."""
