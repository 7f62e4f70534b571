"""What is exchanged for a while is put back as it was."""

import pytest

from hopping.patch import patched


class Owner:
    def greet(self):
        return "class"


def test_what_stood_in_the_class_alone_stands_there_alone():
    owner = Owner()
    with patched(owner, "greet", lambda: "ours"):
        assert owner.greet() == "ours"
    assert vars(owner) == {}
    assert owner.greet() == "class"


def test_what_somebody_put_on_the_object_is_there_again():
    owner = Owner()
    owner.greet = theirs = lambda: "theirs"
    with pytest.raises(KeyboardInterrupt), patched(owner, "greet", lambda: "ours"):
        raise KeyboardInterrupt
    assert vars(owner) == {"greet": theirs}
