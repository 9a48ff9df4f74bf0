"""A declarative, config-as-code reconciler for 4me users, groups and attribute mappings."""

__version__ = "0.1.0"
