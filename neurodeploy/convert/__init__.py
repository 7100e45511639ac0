"""A trained network of real numbers to a spiking Network: coding of activations as rates, calibration on data, schemes."""
