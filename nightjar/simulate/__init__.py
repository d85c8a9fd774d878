"""Synthetic surveys: supernova pairs (light curve and spectrum) and variable stars."""
