"""SCIM over HTTP: transport, wire format, dialects, reading and writing. The only room that knows httpx."""
