"""The shapes that all of mqlflow agrees on: words, frames, playbook models. No I/O, no clock."""
