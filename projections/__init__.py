"""What we show, folded from the events."""
