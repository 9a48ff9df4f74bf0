"""Measures the reconciler beside the least code that does the same work (the floor) and beside other tools (peers).

`python -m benchmarks` prints the table; README.md says how to read it. Everything is measured from outside, as child
processes of the command line, so that the product may change inside.
"""
