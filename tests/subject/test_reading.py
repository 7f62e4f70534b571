"""Who is who in a story, step by step; whole stories are in test_stories.py."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hopping import parse_story
from hopping.subject import Reading, merge_spans, read_story
from tests.strategies import stories


def read(*texts):
    return Reading(texts, [None] * len(texts))


def shown(*texts):
    """What the first of these frames shows to the last one."""
    reading = read(*texts)
    who = {mention.individual for mention in reading.mentions[-1]}
    return [texts[0][start:end] for start, end in reading.spans(1, who)]


@pytest.mark.parametrize(
    ("earlier", "later", "found"),
    [
        ("A red dog is swimming in the river.", "The dog sits under the sun.", ["A red dog"]),
        ("In the river swims a red dog.", "The dog sits.", ["a red dog"]),
        (
            "John is working in his farm.",
            "John is spreading seeds in his farm.",
            ["John", "his farm"],
        ),
        ("A mountain is tall.", "Sophie is climbing the mountain.", ["A mountain is tall"]),
        ("John throws out a baseball.", "John is waving a baseball bat.", ["John"]),
        ("Two small dogs play.", "One dog sleeps.", ["Two small dogs"]),
        ("A girl in a hat sits.", "A girl in a hat and a dog run.", ["A girl in a hat"]),
        ("The fox's tail is red.", "The FOX runs.", ["The fox's tail is red"]),
        (
            "Three foxes and a blue puppy meet.",
            "The fox greets the puppy.",
            ["Three foxes", "a blue puppy"],
        ),
        ("Three foxes and a blue puppy meet.", "Two puppies sleep.", []),
        ("red dog, blue cat, forest", "cat", ["blue cat"]),
        ("John holds old red umbrella", "the umbrella", ["old red umbrella"]),
        ("A girl with long red hair walks.", "Her hair is wet.", ["A girl with long red hair"]),
        ("They go for a walk.", "The walk is long.", ["a walk"]),
        ("A dog runs.", "A cat runs.", []),
        ("A dog is running.", "A cat is running.", []),
        ("This is John. He is working.", "He is tired.", ["John", "He"]),
        ("A dog.", "", []),
        ("", "A dog.", []),
        ("A red dog and a red cat.", "The red door.", []),
        ("John in a red coat is at the farm.", "John runs.", ["John in a red coat"]),
        (
            "An old man with a long beard and a hat, in a city",
            "The man sits.",
            ["An old man with a long beard and a hat"],
        ),
        (
            "A girl wearing (red glasses:1.2) reads.",
            "The girl runs.",
            ["A girl wearing (red glasses"],
        ),
        ("A dog in the river.", "The dog.", ["A dog"]),
        ("A dog with a ball in its garden.", "The dog.", ["A dog with a ball"]),
        ("A red building stands here.", "The building burns.", ["A red building"]),
        ("A big old dog dog", "dog", ["A big old dog dog"]),
        # what somebody is like, behind the head
        (
            "On it sat a dragon the colour of copper.",
            "The dragon roars.",
            ["a dragon the colour of copper"],
        ),
        ("A miller white with flour lifts a sack.", "The miller.", ["A miller white with flour"]),
        (
            "Here lives a mouse no bigger than a thimble, with whiskers like silver wire.",
            "The mouse.",
            ["a mouse no bigger than a thimble, with whiskers like silver wire"],
        ),
        ("A pug with goggles of its own sits down.", "The pug.", ["A pug with goggles of its own"]),
        (
            "A tram painted in the colours of the rainbow rattles by.",
            "The tram.",
            ["A tram painted in the colours of the rainbow"],
        ),
        (
            "A widow, veiled, in black lace, lays down a rose.",
            "The widow.",
            ["A widow, veiled, in black lace"],
        ),
        ("A man in a kigurumi dances.", "The man.", ["A man in a kigurumi"]),
        (
            "A treehouse built from an old boat sways.",
            "The treehouse.",
            ["A treehouse built from an old boat"],
        ),
        ("A sniper in a grey hoodie waits.", "The sniper.", ["A sniper in a grey hoodie"]),
        (
            "Skye, a girl with a mohawk and welding goggles, hammers.",
            "Skye.",
            ["Skye, a girl with a mohawk and welding goggles"],
        ),
        (
            "Nora (40), freckled, in old overalls, hangs up a coat.",
            "Nora.",
            ["Nora (40), freckled, in old overalls"],
        ),
        ("A bear meets a rabbit in a waistcoat.", "The rabbit.", ["a rabbit in a waistcoat"]),
        ("At last Basil sleeps.", "Basil.", ["Basil"]),
        ("Amara, who is six, has a scar.", "Amara.", ["Amara, who is six", "has a scar"]),
        ("The kite is shaped like a ray.", "The kite.", ["The kite is shaped like a ray"]),
        (
            "Sana, a surgeon from Peru, runs.",
            "Sana.",
            ["Sana, a surgeon from Peru"],
        ),
        (
            "A pair of coral running shoes stands here.",
            "The shoes.",
            ["A pair of coral running shoes"],
        ),
        (
            "A woman with goggles pushed up on her forehead waits.",
            "The woman.",
            ["A woman with goggles pushed up on her forehead"],
        ),
        (
            "Photo of a piper on a hillside, Canon EOS",
            "the piper, Canon EOS",
            ["a piper"],
        ),
        # tags: each has what stands behind, and a bridge is no look
        (
            "1boy, white hair, red scarf, 1girl, green dress, bridge",
            "1boy, alley",
            ["1boy", "white hair", "red scarf"],
        ),
        ("1boy, white hair, 1girl, green dress", "1girl, alley", ["1girl", "green dress"]),
        # several subjects of one verb
        ("Ada and Bea wear blue dresses.", "Ada.", ["Ada", "wear blue dresses"]),
        ("Ada and Bea are twins. Both have red hair.", "Bea.", ["Bea", "Both have red hair"]),
        # before the subject, when it is
        ("Every morning Mia swims.", "Mia.", ["Mia"]),
        # behind commas: age, role, clothes and stuff without articles
        ("Zed, fifties, in a greasy cap, hums.", "Zed.", ["Zed, fifties, in a greasy cap"]),
        ("Lulu, nine, in a onesie, waves.", "Lulu.", ["Lulu, nine, in a onesie"]),
        (
            "Dora, 60s, beehive hairdo, pink uniform, pours coffee.",
            "Dora.",
            ["Dora, 60s, beehive hairdo, pink uniform"],
        ),
        ("Ines, welder, in dungarees, waits.", "Ines.", ["Ines, welder, in dungarees"]),
        (
            "The count's carriage, black lacquer with silver wheels, waits.",
            "The carriage.",
            ["The count's carriage, black lacquer with silver wheels"],
        ),
        (
            "Two kittens, one grey and one black, climb.",
            "The kittens.",
            ["Two kittens, one grey and one black"],
        ),
        ("Meet Bea: an orc with tiny spectacles.", "Bea.", ["Bea: an orc with tiny spectacles"]),
        (
            "Some boys on skateboards, all in ripped jeans, roll by.",
            "The boys.",
            ["Some boys", "all in ripped jeans"],
        ),
        ("A gold wristwatch lies here.", "The watch half buried in sand", ["A gold wristwatch"]),
        # lists of looks: behind a name, an age, a dash, in brackets
        (
            "Bert, bald, thick moustache, short-sleeved shirt and clip-on tie, stares.",
            "Bert.",
            ["Bert, bald, thick moustache, short-sleeved shirt and clip-on tie"],
        ),
        (
            "A woman, 30, long red hair, green swimsuit, swims.",
            "The woman.",
            ["A woman, 30, long red hair, green swimsuit"],
        ),
        (
            "The new boot - oiled leather, red laces, brass eyelets.",
            "The boot.",
            ["The new boot - oiled leather, red laces, brass eyelets"],
        ),
        ("ROOK (bald, eyepatch) kicks the door.", "Rook.", ["ROOK (bald, eyepatch"]),
        (
            "Kestra, ranger, hooded moss cloak, amber eyes, bow tattoo.",
            "Kestra.",
            ["Kestra, ranger, hooded moss cloak, amber eyes, bow tattoo"],
        ),
        ("woman, 40yo, chubby, red hair, beach", "the woman", ["woman", "40yo, chubby, red hair"]),
        # where it is, what somebody holds and how is none
        (
            "A red car with leather seats parked outside a diner",
            "the car",
            ["A red car with leather seats"],
        ),
        ("The dog has the ball in his mouth.", "The ball.", ["the ball"]),
        ("1boy, red hair, arms crossed", "1boy", ["1boy", "red hair"]),
        # a participle and no verb
        (
            "A robber with goggles pushed up on her forehead, pours milk.",
            "The robber.",
            ["A robber with goggles pushed up on her forehead"],
        ),
        (
            "Six miners, beards tucked into their belts, came out.",
            "The miners.",
            ["Six miners, beards tucked into their belts"],
        ),
        # several things and no verb
        (
            "A machine with walnut handles and a brass lid stands here.",
            "The machine.",
            ["A machine with walnut handles and a brass lid"],
        ),
        (
            "Dr. Bell, white coat, wild grey curls, waits.",
            "Dr. Bell.",
            ["Dr. Bell, white coat, wild grey curls"],
        ),
        (
            "The ferryman, hooded, a lantern at his belt, waits.",
            "The ferryman.",
            ["The ferryman, hooded, a lantern at his belt"],
        ),
        ("A ghost, pale as milk, waits.", "The ghost.", ["A ghost, pale as milk"]),
        (
            "A dragon so small that it fits in a cup yawns.",
            "The dragon.",
            ["A dragon so small", "it"],
        ),
        ("Mia is five and has curly hair.", "Mia.", ["Mia is five and has curly hair"]),
        ("My tortoise is called Turbo.", "Turbo.", ["My tortoise is called Turbo"]),
        (
            "Ms. Eklund, a tall Swede in a coat, waves.",
            "Ms. Eklund.",
            ["Ms. Eklund, a tall Swede in a coat"],
        ),
        ("Behind the curtain hid the choirboy Jem.", "Jem.", ["the choirboy Jem"]),
        ("Rusty, a tin robot with a hat, bows.", "Rusty.", ["Rusty, a tin robot with a hat"]),
        ("Mo, a six-year-old in pyjamas, yawns.", "Mo.", ["Mo, a six-year-old in pyjamas"]),
        (
            "A bear has a scarf and very round ears.",
            "The bear.",
            ["A bear has a scarf and very round ears"],
        ),
        (
            "A cat is green all over, with pink spots.",
            "The cat.",
            ["A cat is green all over, with pink spots"],
        ),
        ("a rover on Mars, dust storm, no people", "the rover", ["a rover"]),
        ("Night Cat, a cat in a mask, jumps.", "Night Cat.", ["Night Cat, a cat in a mask"]),
    ],
)
def test_phrases(earlier, later, found):
    assert shown(earlier, later) == found


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("A red dog sits.", "Another dog runs."),
        ("A red dog sits.", "A second dog runs."),
        ("A red dog sits.", "The blue dog runs."),
        ("A red dog sits.", "No dog is here."),
        ("A red dog sits.", "A garden without a dog."),
        ("A red dog sits.", "Two dogs run."),
        ("A young woman sits.", "The old woman runs."),
        ("A cat sits.", "A ceramic cat stands on a shelf."),
        ("A ceramic cat stands on a shelf.", "The living cat runs."),
        ("Mr. Bell sits.", "Mrs. Bell runs."),
        ("Anna's brother sits.", "Bob's brother runs."),
        ("A blue bird sings.", "A blue car stops."),
        ("A dog sits.", "A hotdog lies here."),
        ("A woman sits.", "He runs."),
        ("A man sits.", "It runs."),
        ("Snow falls.", "It looks up."),
        ("A girl in a red hat sits.", "A girl in a blue hat runs."),
        ("A dog sits.", "It is raining."),
        ("A boxer sits.", "The nun crosses herself."),
        ("elf, long hair, forest", "dwarf, braided beard, mine"),
        ("A man sits.", "A barber shakes his head."),
        ("A chef sits.", "Nobody is here, not even the chef."),
        ("A woman, 40yo, sits", "woman, 20yo, standing"),
        ("1girl, white hair, shrine", "1girl, black hair, beach"),
        ("1girl, elf, forest", "1girl, dwarf, hill"),
        ("My cat sits.", "The neighbour's cat runs."),
        ("A woman in red waits.", "A different woman arrives."),
        ("Mia sits.", "Sunset over the rooftops."),
        ("A boy sits.", "Owls, dozens of them, fly."),
    ],
)
def test_somebody_else(first, later):
    assert shown(first, later) == []


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("A red dog sits.", "The small dog runs."),
        ("A red dog sits.", "A red dog runs."),
        ("red dog, sofa", "a dog, garden"),
        ("Two mice sit.", "The mice run."),
        ("A wolf sits.", "The wolf's tail is long."),
        ("An owl sits.", "The bird flies."),
        ("A kitten sits.", "The cat runs."),
        ("A miner sits.", "The man runs."),
        ("A superheroine sits.", "The heroine flies."),
        ("Dr. Amara Obi sits.", "Dr. Obi runs."),
        ("Dr. Amara Obi sits.", "The doctor runs."),
        ("A pirate named Barnabas sits.", "Barnabas runs."),
        ("A dog sits.", "He's running."),
        ("A dog sits.", "Then it runs."),
        ("A dog sits.", "CLOSE-UP: it runs."),
        ("A woman sits.", "A man sees her."),
        ("The king and the queen sit.", "They run."),
        ("A dog sits.", 'DOG: "Woof."'),
        ("A woman sits.", "A man sits down next to her."),
        ("Isla sits.", "The girl runs."),
        ("A tortoise sits.", "Two kittens climb onto its back."),
        ("A man sits.", "Close: his fingers on the keys."),
        ("A skeleton sits.", "Behind him comes a ghost."),
        ("A dragon sits.", "The beast runs."),
        ("A clumsy robot chef sits.", "The robot runs."),
        ("An elderly couple sits.", "The two run."),
        ("A fox in a hat and a hen meet.", "Both run."),
        ("A fox in a hat and a hen meet.", "A photo of the two dancing"),
        # whom nothing but their looks, their role or their number names
        ("A black bottle stands on a table.", "The black one falls."),
        ("A baker kneads dough. A fisherman waits.", "The two men eat."),
        ("Ada and Bea sing.", "The sisters run."),
        ("A pale ghost waits.", 'Ghost: "Boo?"'),
        ("A steam locomotive waits.", "The train leaves."),
        ("A camper van waits.", "The camper leaves."),
        ("A wooden robot toy lies here.", "The toy robot walks."),
        ("Five Vikings row.", "The Vikings sing."),
        ("Four washerwomen kneel.", "The women laugh."),
        ("A tiger sleeps.", "It yawns."),
        ("An otter swims.", "The animal dives."),
        ("A boat drifts.", "A tug with a red funnel tows it."),
        ("A raccoon waits.", "The baker leaves a bun on the sill for it."),
        ("A puppet hangs here. A girl in a yellow dress yawns.", "It tickles her nose."),
        ("A small dragon yawns.", "The knight pats it."),
        ("A bicycle waits. Anna steps out of the post office.", "She rides it."),
        ("A manager shouts.", "The boss laughs."),
        ("An old diver sinks.", "Water drips from his helmet."),
    ],
)
def test_the_same_one(first, later):
    assert shown(first, later) != []


def test_two_are_those_who_were_named_one_by_one():
    reading = read("1girl, red hair, sofa", "1girl, black hair, stairs", "2girls, garden")
    who = {mention.individual for mention in reading.mentions[2]}
    assert all(reading.spans(at, who) for at in (1, 2))


def test_a_group_is_meant_where_one_of_it_is():
    texts = ["Five old ladies in blue hats jog.", "One of the ladies falls.", "They laugh."]
    for later in (texts[:2], [texts[0], texts[2]]):
        assert shown(*later) == ["Five old ladies in blue hats"]


def test_they_are_those_who_met_last():
    texts = ["A queen rules over the frogs.", "A prince arrives.", "The queen kisses the prince."]
    reading = read(*texts, "They dance.")
    who = {mention.individual for mention in reading.mentions[3]}
    assert [reading.spans(at, who) != () for at in (1, 2)] == [True, True]
    assert reading.spans(1, who) == ((0, 7),)


def test_she_is_rather_who_is_known_to_be_female():
    texts = ["A captain, a woman in a red hat, waits.", "The pirate laughs.", "She fires."]
    assert shown(texts[0], *texts[1:]) == ["A captain, a woman in a red hat"]


def test_what_nearly_every_frame_has_is_style():
    style = "ink drawing, white paper, best quality, "
    texts = [f"{style}{what}" for what in ("a fox in a hat", "the fox on a hill", "a snail")]
    reading = read(*texts)
    assert [len(each) for each in reading.mentions[1:]] == [2, 1]
    assert shown(*texts[:2]) == ["a fox in a hat"]


def test_links_say_where_to_look_for_whom_a_pronoun_means():
    texts = ["A red dog sits.", "A cat sits.", "It runs."]
    for links, who in ((None, "A cat"), ((1,), "A red dog"), ((2,), "A cat")):
        reading = Reading(texts, [None, None, links])
        (mention,) = reading.mentions[2]
        spans = [
            t[a:b]
            for n, t in enumerate(texts)
            for a, b in reading.spans(n + 1, {mention.individual})
        ]
        assert spans[0] == who


def test_kinds():
    (mentions,) = read("A boy and his goat climb the mountain with a kite.").mentions
    assert [mention.kind for mention in mentions] == ["person", "animal", "place", "thing"]


@settings(max_examples=30, deadline=None)
@given(stories(most=6))
def test_a_frame_that_is_added_changes_nothing_before_it(lines):
    whole = read_story(parse_story("\n".join(lines))).mentions
    for count in range(1, len(lines)):
        assert read_story(parse_story("\n".join(lines[:count]))).mentions == whole[:count]


TEXT = st.text(
    alphabet=st.sampled_from("aAdogtheTHE .,;:!?'’\"()[]<>-–&\n1２犬é\ud7ff")
    | st.characters(codec="utf-8"),
    max_size=60,
)
WORDS = st.lists(
    st.sampled_from(
        "a the dog dogs Mia with in of and , . who is has red 2 1girl his : it they ( )".split()
    ),
    max_size=25,
).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXT | WORDS, min_size=1, max_size=4))
def test_any_text_is_read_and_its_spans_are_in_order_and_apart(texts):
    for text, mentions in zip(texts, read(*texts).mentions, strict=True):
        for mention in mentions:
            spans = mention.spans
            assert all(0 <= start < end <= len(text) for start, end in spans)
            assert all(one[1] < other[0] for one, other in pairwise(spans))


def test_merge_spans():
    assert merge_spans([(4, 6), (0, 2), (1, 3), (6, 7)]) == ((0, 3), (4, 7))
    assert merge_spans([]) == ()
