"""`python -m services.cli`: as the console script, for where its folder is not on PATH."""

from services.cli import main

main()
