"""Foundation models of the time-domain sky: trained, fine-tuned and judged as one pipeline."""

__version__ = "0.1.0"
