"""The command line `mqlflow`: what is typed, and which part of the house answers."""
