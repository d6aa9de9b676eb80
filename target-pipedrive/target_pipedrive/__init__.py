"""Singer target for Pipedrive."""
