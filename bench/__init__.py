"""Figures beside their limits and peers, measured in one run through the same client."""
