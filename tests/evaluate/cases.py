"""Stories of every kind, and a telling of them that shows all they say."""

from hopping.evaluate.stories import make_stories
from hopping.storybook.oracle import Verdict

CASES = list(make_stories(90))


def perfect(case):
    return [Verdict(shot.truth.place, shot.truth.figures) for shot in case.shots]
