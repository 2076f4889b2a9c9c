"""A PC/SC service of a test's own, with one simulated card on its one virtual reader."""
