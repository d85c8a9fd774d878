"""Networks: encoders that take tensors (value, time, band, valid, masked), and heads on them.

``NETWORKS[name](**settings)`` rebuilds any of them from plain JSON: the name is the class's, and
every network keeps what it was built from in ``settings``.
"""

from torch import nn

from nightjar.networks.astromer import Astromer
from nightjar.networks.end_to_end import EndToEnd
from nightjar.networks.heads import AstromerClassifier, GammaHead
from nightjar.networks.maven import Maven
from nightjar.networks.transformer import MavenEncoder

NETWORKS: dict[str, type[nn.Module]] = {
    network.__name__: network
    for network in (MavenEncoder, Maven, EndToEnd, Astromer, GammaHead, AstromerClassifier)
}
