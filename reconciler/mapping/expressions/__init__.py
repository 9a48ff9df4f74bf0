"""The expression language of Microsoft Entra's provisioning service; pure.

`parser` and `checks` make an `Expression` (`syntax`) of a text, `compiler` makes closures of it, `tracing` shows what
they did. `registry` is the table of all functions, which the modules named for their subject carry out.
"""
