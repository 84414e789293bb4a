"""Split a reply into new text, quote and signature."""
