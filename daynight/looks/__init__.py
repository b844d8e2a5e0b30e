"""Looks: chains of steps over a frame, and the light that they give."""
