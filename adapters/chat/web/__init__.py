"""The chat in the program itself: a newcomer's first platform, with no account and no build step."""
