"""Remembers: incidents, their events and what was learned, in one SQL database. Imports only the engine."""
