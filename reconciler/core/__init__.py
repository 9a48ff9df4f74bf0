"""The pure heart: nouns, matching, comparing, guarding, planning.

No file, network, clock, environment, print or log.
"""
