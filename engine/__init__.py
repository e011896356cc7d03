"""Thinks: what an incident is, why it happened and what may be done. Imports only the standard library and pure computing."""
