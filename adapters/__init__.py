"""Looks and acts: one file or folder for each outside system. Imports only the engine."""
