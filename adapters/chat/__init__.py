"""Where people talk: one language of chat (Ask in, Card out) and a folder for each platform."""
