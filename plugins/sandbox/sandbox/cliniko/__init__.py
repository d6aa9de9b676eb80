"""The simulated Cliniko: its tables, its API and the storage behind its attachments."""
