"""Two-sample tests: can a random forest tell simulated supernovae from real ones, and by what?

``observed`` reads a sample, ``twins`` makes a simulated twin of every real object, ``curves`` and
``lines`` measure, ``forest`` tells apart, ``compare`` puts them together.
"""
