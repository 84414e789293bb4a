"""What each kind of job does, one actor per file."""
