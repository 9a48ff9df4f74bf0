"""Fuzzing: every parser of what comes from outside, fed with what looks like its language and is not."""
