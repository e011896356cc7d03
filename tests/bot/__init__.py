"""The program's own parts: settings, check, log, commands, cards."""
