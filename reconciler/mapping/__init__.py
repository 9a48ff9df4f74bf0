"""Rules that turn a record into SCIM attributes. Pure; the built-in profiles lie beside it as Mapping documents."""
