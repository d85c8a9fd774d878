"""The three forms of attention on a processor: how fast, and how far from the truth in bfloat16.

ours     `nightjar.networks.attention_cpu`: powers of two, divided by their sum after the product;
written  two products and PyTorch's softmax between them (`nightjar.networks.attention`);
fused    ``scaled_dot_product_attention``.

Each runs in turn, forward alone and with its backward pass, on as many heads as make 20 million
weights; a tenth of the keys is hidden; in float32 with products by MKL and by oneDNN ("highest" and
"medium" of `torch.set_float32_matmul_precision`), and in bfloat16.  Times are those of the other
forms over ours, medians over neighbouring turns.  Errors are standard deviations, over those of the
true numbers, of the result and of the gradients of queries, keys and values; values and the
gradient that comes in have a part in common, which is where rounding hurts.  Run as ``python -m
benchmarks.attention [--threads 2]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from benchmarks import timing
from benchmarks.timing import Way
from nightjar.networks.attention import attention_bias, written_out
from nightjar.networks.attention_cpu import attend_on_cpu
from nightjar.training import hardware

Form = Callable[[Tensor, Tensor, Tensor, Tensor, float], Tensor]

WEIGHTS = 20_000_000
PRODUCTS = {
    "float32 by MKL": (torch.float32, "highest"),
    "float32 by oneDNN": (torch.float32, "medium"),
    "bfloat16": (torch.bfloat16, "medium"),
}
DEPTHS, LENGTHS = (8, 16, 32, 64), (200, 512, 1024)
SCALE = 0.3


def fused(query: Tensor, key: Tensor, value: Tensor, bias: Tensor, scale: float) -> Tensor:
    """PyTorch's own, with the arguments of `attend`: what that calls on a GPU."""
    bias = bias.to(query.dtype)
    return scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=scale)


FORMS: dict[str, Form] = {"ours": attend_on_cpu, "written": written_out, "fused": fused}


def inputs(length: int, depth: int, common: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values (3, batch, 1, length, depth), their bias, an upstream gradient."""
    torch.manual_seed(0)
    batch = max(1, WEIGHTS // length**2)
    given = torch.randn(3, batch, 1, length, depth, dtype=torch.float64)
    given[2] += common
    upstream = torch.randn(batch, 1, length, depth, dtype=torch.float64) + common
    hidden = torch.rand(batch, length) < 0.1
    return given, attention_bias(hidden, torch.float64), upstream


def with_gradients(form: Form, given: Tensor, bias: Tensor, upstream: Tensor) -> list[Tensor]:
    """What ``form`` gives, and the gradients of queries, keys and values."""
    parts = [each.requires_grad_() for each in given.unbind()]
    attended = form(parts[0], parts[1], parts[2], bias, SCALE)
    return [attended.detach(), *torch.autograd.grad(attended, parts, upstream)]


def errors(length: int, depth: int, common: float) -> dict[str, list[float]]:
    """Of each form in bfloat16, against `written_out` in float64."""
    given = inputs(length, depth, common)
    rounded = [each.bfloat16() for each in given]
    # the truth of the rounded inputs: what is asked of a form
    exact = with_gradients(written_out, *(each.double() for each in rounded))
    found = {}
    for name, form in FORMS.items():
        pairs = zip(with_gradients(form, *rounded), exact, strict=True)
        found[name] = [float((mine - true).std() / true.std()) for mine, true in pairs]
    return found


def times(
    length: int, depth: int, products: str, given: argparse.Namespace
) -> dict[str, list[float]]:
    """Of ``written`` and ``fused``, times over ours: forward, and with the backward pass."""
    dtype, precision = PRODUCTS[products]
    tensors = [each.to(dtype) for each in inputs(length, depth)]
    settings, device = timing.settings(given.threads, "cpu"), torch.device("cpu")

    def forward(form: Form) -> None:
        with torch.inference_mode():
            form(*tensors[0].unbind(), tensors[1], SCALE)

    def both(form: Form) -> None:
        with_gradients(form, *tensors)

    def prepare() -> None:
        hardware.prepare(settings)
        torch.set_float32_matmul_precision(precision)

    found: dict[str, list[float]] = {"written": [], "fused": []}
    for run in (forward, both):
        ways = {name: _way(prepare, run, form) for name, form in FORMS.items()}
        seconds = timing.alternate(ways, given.repeats, given.threads, device)
        for name, ratios in found.items():
            ratios.append(timing.ratio(seconds[name], seconds["ours"]))
    return found


def _way(prepare: Callable[[], None], run: Callable[[Form], None], form: Form) -> Way:
    return Way(prepare, lambda: run(form), lambda: run(form))


def _row(numbers: Sequence[float], digits: int) -> str:
    return "".join(f"{number:9.{digits}f}" for number in numbers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args()
    print("times over ours: written out, fused; forward, then with the backward pass")
    for products in PRODUCTS:
        for depth in DEPTHS:
            for length in LENGTHS:
                found = times(length, depth, products, given)
                name = f"{products}, {depth} columns, {length} points"
                print(f"{name:44}{_row(found['written'], 2)}{_row(found['fused'], 2)}", flush=True)
    print("\nerrors in bfloat16, 200 points: result, gradients of queries, keys, values")
    for depth in (8, 64):
        for common in (0.0, 1.0, 3.0):
            for name, values in errors(200, depth, common).items():
                label = f"{depth} columns, common part {common:.0f}, {name}"
                print(f"{label:38}{_row(values, 4)}")


if __name__ == "__main__":
    main()
