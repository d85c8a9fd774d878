"""What a practitioner would use instead of a foundation model: features, PCA, template matching."""
