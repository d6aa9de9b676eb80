"""Singer tap for Cliniko, the practice management system."""
