"""``python -m mynacard`` is the command ``mynacard``."""

from mynacard.cli import main

main()
