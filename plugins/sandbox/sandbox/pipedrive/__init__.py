"""A simulated Pipedrive: API v1 and v2, strict about bodies, limits and prices."""
