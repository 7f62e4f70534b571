"""Apart from the other training tests: every worker imports this file and all that it imports."""

import pytest
import torch
from torch import nn

from hopping.storybook.team import Team, run_team


def _average_ranks(team: Team) -> None:
    module = nn.Linear(2, 1)
    nn.init.constant_(module.weight, float(team.rank))
    team.average(module)
    assert torch.all(module.weight == 0.5)
    assert team.agree(float(team.rank)) == 0.0


def test_a_team_averages_its_weights_and_agrees_on_the_leaders_progress():
    run_team(_average_ranks, workers=2)


def _fail(team: Team) -> None:
    raise RuntimeError(f"worker {team.rank} stops")


def test_a_workers_error_is_told():
    with pytest.raises(Exception, match="worker 0 stops"):
        run_team(_fail, workers=1)


def test_one_alone_needs_nobody():
    module = nn.Linear(2, 1)
    before = module.weight.clone()
    Team().average(module)
    assert torch.equal(module.weight, before)
    assert Team().agree(0.3) == 0.3
