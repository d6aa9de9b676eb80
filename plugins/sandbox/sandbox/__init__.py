"""A simulated Cliniko and Pipedrive on loopback, with a synthetic clinic to rehearse on."""
