"""Light curves in, classes with an uncertainty out, by a method of ``train_uncertainty``.

::

    from nightjar.classifying import Classifier
    classifier = Classifier.load("models/uncertainty/mc_dropout")
    classifier.classify_file("photometry.parquet", "predictions.parquet")
"""

from nightjar.classifying.classifier import Classifier, Summary

__all__ = ["Classifier", "Summary"]
