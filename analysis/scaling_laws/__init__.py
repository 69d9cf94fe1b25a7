"""Scaling laws: what training compute buys, and what it stops buying."""
