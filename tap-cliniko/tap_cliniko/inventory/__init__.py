"""What stands in a Cliniko account, found out with few requests before anything is moved."""
