"""Learn from verified tickets: train, measure, certify and keep models."""
