"""One command, one file, under its name."""
