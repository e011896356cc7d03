"""Microsoft Teams: cards as Adaptive Cards, and what people do there as asks."""
