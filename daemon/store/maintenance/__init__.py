"""Work on the database as a whole: schema, verification, backup, import."""
