"""Trainings at once: the order of results, the share of the processor, errors."""

import os

import pytest

from nightjar.errors import InputError
from nightjar.training import side_by_side
from tests.training.test_loop import SETTINGS


def process_and_share(share, case):
    return case, os.getpid(), share.threads


@pytest.mark.parametrize(
    ("threads", "cases", "each_has"),
    [(2, 3, 1), (5, 2, 2), (1, 2, 1), (4, 1, 4)],
)
def test_processes_share_the_threads_and_results_keep_their_order(threads, cases, each_has):
    settings = SETTINGS.model_copy(update={"threads": threads})
    found = side_by_side.each(process_and_share, list(range(cases)), settings)
    assert [case for case, _, _ in found] == list(range(cases))
    assert {share for _, _, share in found} == {each_has}
    here = {process == os.getpid() for _, process, _ in found}
    assert here == {min(threads, cases) == 1}  # one at a time needs no other process


def test_a_training_on_several_devices_has_them_to_itself():
    settings = SETTINGS.model_copy(update={"threads": 4, "devices": 2})
    found = side_by_side.each(process_and_share, [0, 1], settings)
    assert found == [(0, os.getpid(), 4), (1, os.getpid(), 4)]


def test_no_case_no_result():
    assert side_by_side.each(process_and_share, [], SETTINGS) == []


def fails(share, case):
    raise InputError(f"case {case}: the loss is nan")


def test_an_error_comes_back_as_it_was():
    with pytest.raises(InputError, match=r"^case 7: the loss is nan$"):
        side_by_side.each(fails, [7, 7], SETTINGS.model_copy(update={"threads": 2}))
