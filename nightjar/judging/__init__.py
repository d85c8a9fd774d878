"""What the scored stages measure: one file per family of models."""
