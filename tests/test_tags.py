"""What was meant for a tag is told, and what is a text is none."""

import pytest

from hopping import StoryError, parse_story


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("＜SEP＞", "<SEP>"),
        ("《SEP》", "<SEP>"),
        ("＜ｓｅｐ＞", "<SEP>"),
        ("<SEP/>", "<SEP>"),
        ("</SEP>", "<SEP>"),
        ("< sep >", "<SEP>"),
        ("<|SEP|>", "<SEP>"),
        ("<SEP", "<SEP>"),
        ("<\u200bSEP>", "<SEP>"),
        ("<separator>", "<SEP>"),
        ("[SEP]", "<SEP>"),
        ("{sep}", "<SEP>"),
        ("＜share：a red dog＞", "<share:…>"),
        ("<share：a red dog＞", "<share:…>"),
        ("〈share：a red dog〉", "<share:…>"),
        ("<shared:a red dog>", "<share:…>"),
        ("<shere:a red dog>", "<share:…>"),
        ("<share=a red dog>", "<share:…>"),
        ("<share a red dog>", "<share:…>"),
        ("< share:a red dog>", "<share:…>"),
        ("<share :a red dog>", "<share:…>"),
        ("<share>", "<share:…>"),
        ("</share>", "<share:…>"),
        ("<from 1>", "<from:1>"),
        ("<from1>", "<from:1>"),
        ("＜from 1, 2＞", "<from:1>"),
        ("＜from：prev＞", "<from:1>"),
        ("<form:1>", "<from:1>"),
        ("<fom:1>", "<from:1>"),
        ("<frame:1>", "<from:1>"),
        ("<seed 12>", "<seed:123>"),
        ("<seed12>", "<seed:123>"),
        ("<seed>", "<seed:123>"),
        ("<seed=12>", "<seed:123>"),
        ("<seeds:12>", "<seed:123>"),
        ("<sed:12>", "<seed:123>"),
        ("＜seed：12＞", "<seed:123>"),
        ("<picture dog.png>", "<picture:dog.png>"),
        ("<pictures:dog.png>", "<picture:dog.png>"),
        ("<pictur:dog.png>", "<picture:dog.png>"),
        ("＜picture：dog.png＞", "<picture:dog.png>"),
    ],
)
def test_near_tags_are_errors(written, meant):
    with pytest.raises(StoryError) as caught:
        parse_story(f"A cat.\nA dog {written} runs.")
    assert (caught.value.line, caught.value.column) == (2, 7)
    assert f"did you mean {meant}?" in str(caught.value)
    assert written in str(caught.value)
    for place in ("before", "after"):
        with pytest.raises(StoryError, match=f"the text {place} every frame.*did you mean"):
            parse_story("A dog.", **{place: written})


def test_the_first_one_is_told():
    with pytest.raises(StoryError, match="line 1, column 3: ＜SEP＞"):
        parse_story("a ＜SEP＞ <from 1> <shared:b>")


@pytest.mark.parametrize(
    "text",
    [
        "A dog <lora:form:1>",
        "A dog <lyco:share:0.5> <hypernet:x>",
        "<seed-head> and ＜seed の花＞",
        "A dog <wildcard:a> <segment:b> <scale:2>",
        "<cat-toy> and <share-style>",
        "＜春＞の犬",
        "＜from 東京＞",
        "《秋》の 〈犬〉",
        "«from dusk» till dawn",
        "a > b < c, I <3 dogs",
        "[a|b] {c|d} (e:1.2)",
        "a SEP b, shared from 1",
    ],
)
def test_other_texts_are_none(text):
    assert parse_story(text).texts == (text,)


def test_a_long_one_is_not_told_in_full():
    with pytest.raises(StoryError) as caught:
        parse_story("<shared:" + "dog " * 10_000 + ">")
    assert len(str(caught.value)) < 300
