"""YAML manifests in: files, parsing, schema, and every problem with its place."""
