"""A private PC/SC service for a test, with one simulated card on its one virtual reader."""
