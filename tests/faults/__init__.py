"""Faults injected into real processes under load, and the proof that nothing was lost."""
