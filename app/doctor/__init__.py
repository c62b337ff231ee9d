"""Looks whether an installation is in order, and says what to do where it is not."""
