"""What apps tell us of their phones."""
