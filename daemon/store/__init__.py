"""The database is the truth: tables, transactions, and every query."""
