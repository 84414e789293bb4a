"""Settings, rules, and the example tickets that the default model learns from."""
