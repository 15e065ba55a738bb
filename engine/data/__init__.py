"""The data silo's rules: versions of changing facts, echoes of our own writes, who is who, what sales said, and what
is known about a person at an instant. Pure functions over frames; `tasks.data` feeds them and stores what they say."""
