"""Two-sample tests: can a random forest tell simulated supernovae from real ones, and by what?

``observed`` reads a sample, ``twins`` makes a simulated twin of every real object, ``curves`` and
``spectral`` measure, ``forest`` tells apart, ``compare`` and ``report`` put them together,
``pictures`` draws; ``troughs`` has line velocities.  ``stars`` does the same for variable stars.
"""
