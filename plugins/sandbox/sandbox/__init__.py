"""A simulated Cliniko and a simulated Pipedrive on loopback, with a synthetic clinic to rehearse on."""
