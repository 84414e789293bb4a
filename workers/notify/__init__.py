"""Tell people: who hears what, and the mail they get."""
