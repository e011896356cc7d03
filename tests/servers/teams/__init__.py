"""A company on Microsoft Teams: who works there, where they talk, and how their words and presses reach the bot."""
