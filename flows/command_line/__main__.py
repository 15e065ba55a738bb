"""`python -m flows.command_line` is `mqlflow`."""

from flows.command_line.app import main

main()
