"""Convert HTML to readable text, and normalise lines for matching."""
