"""A local 4me: the same SCIM API, quirks and limits, on SQLite, in process or on a loopback port.

`core.Sandbox` turns a request into a response and does no I/O but to its `store`; `wsgi` and `server` are the two
thin fronts. Nothing here is shared with the SCIM client, so that both cannot be wrong together.
"""

from reconciler.sandbox.core import Sandbox, SandboxOptions, open_sandbox
from reconciler.sandbox.faults import Fault, parse_fault
from reconciler.sandbox.generate import Organisation
from reconciler.sandbox.requestlog import LoggedRequest

__all__ = [
    "Fault",
    "LoggedRequest",
    "Organisation",
    "Sandbox",
    "SandboxOptions",
    "open_sandbox",
    "parse_fault",
]
