"""Talks: commands, cards, who may do what; puts the whole program together. Imports everything."""
