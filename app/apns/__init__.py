"""Sends pushes to Apple and judges its answers."""
