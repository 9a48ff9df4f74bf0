"""Entra ID's `synchronizationSchema` (JSON) to Mapping documents (YAML), and what of it cannot be carried over.

Pure: bytes in, text and notes out.
"""
