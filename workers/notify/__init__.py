"""Tell people: who hears what, and the email they get."""
