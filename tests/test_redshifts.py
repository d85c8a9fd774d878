import numpy as np
import pytest

from nightjar import redshifts


def test_what_is_learnable():
    assert redshifts.learnable([np.nan, -0.01, 0.0, 1e-4, 2e-4, 1.0]).tolist() == [
        False, False, False, False, True, True,
    ]  # fmt: skip


def test_scale_is_that_of_the_logarithm():
    # ln z = -4 and -2: mean -3, deviation 1
    assert redshifts.scale(np.exp([-4.0, -2.0])) == pytest.approx((-3.0, 1.0))
    assert redshifts.scale([0.1, 0.1]) == pytest.approx((np.log(0.1), 1.0))
