"""Decide the category, priority and team of a ticket, and say why."""
