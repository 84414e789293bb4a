"""The pages for people below /ui: rendered on the server; each only translates to use cases and queries."""
