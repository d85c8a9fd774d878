"""Tasks: a network and its loss, so that the training loop knows nothing of modalities.

``task(batch)`` is a dict of scalars; the loop minimises the sum of those whose key ends in
``_loss``.  ``task.validate(batches)`` is a dict of numbers over a whole pass.
"""

from nightjar.tasks.astromer import AstromerTask
from nightjar.tasks.base import Task, sequence, total_loss
from nightjar.tasks.maven import MavenTask
from nightjar.tasks.supervised import ClassifyTask, RegressTask, class_weights

__all__ = [
    "AstromerTask",
    "ClassifyTask",
    "MavenTask",
    "RegressTask",
    "Task",
    "class_weights",
    "sequence",
    "total_loss",
]
