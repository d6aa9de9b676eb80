"""What each list of Cliniko holds, one module per domain."""
