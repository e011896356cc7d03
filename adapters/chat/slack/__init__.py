"""Slack: cards as Block Kit, forms as modals."""
