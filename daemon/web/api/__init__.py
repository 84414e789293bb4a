"""The API: one router per file, which only translates to use cases and queries."""
