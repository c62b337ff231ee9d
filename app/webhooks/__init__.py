"""Webhooks: whoever asked for it is told what became of cards."""
