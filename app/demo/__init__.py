"""The demonstration: orders walked through their lives, and an oracle that says what phones must show."""
