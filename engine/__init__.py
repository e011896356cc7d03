"""Thinks: what an incident is, why it happened, what may be done. Imports only the standard library and numerics."""
