"""Thinks: what an incident is, why it happened, what may be done. Imports the standard library and pure computing only."""
