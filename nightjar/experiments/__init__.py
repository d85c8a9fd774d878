"""Finished experiments side by side: what differs among them, and which is best."""
