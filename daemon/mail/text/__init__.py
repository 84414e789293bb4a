"""Text that reads well: HTML as lines, and lines that can be matched."""
