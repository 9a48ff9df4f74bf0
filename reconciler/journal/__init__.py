"""The journal: evidence of each apply, as JSON Lines in the state directory, one file a run.

Each entry is chained to the one before it; `docs/journal.md` has the format. Touches `<state directory>/journal/` only
(directory 0700, files 0600).
"""
