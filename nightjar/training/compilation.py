"""Transformer blocks by `torch.compile`, which joins what lies between their products.

For GPUs, where passes over memory take about as long as products; on a processor `linear` and
`attend_on_cpu` save as much by hand, without the start-up.  The blocks alone are compiled: they are
nearly all of a step, one graph serves all of them, and lengths may vary.
"""

from torch import nn

from nightjar.networks.block import AstromerBlock
from nightjar.networks.transformer import MavenBlock


def compile_blocks(task: nn.Module) -> None:
    """Compile every block within ``task``, each at its first use; weights and names stay."""
    for module in task.modules():
        if isinstance(module, AstromerBlock | MavenBlock):
            module.compile(dynamic=True)
