"""The words that grammar is made of, and the few of the trade: closed lists, unlike the lexicon."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Determiners, by what they say of whom they introduce.
INDEFINITE = _words("a an some several many various")
DEFINITE = _words("the this that these those both same")
NEW = _words("another")
NEGATIVE = _words("no neither")
POSSESSIVE = _words("his her its their my our your whose")
MINE = _words("my our")
DETERMINERS = INDEFINITE | DEFINITE | NEW | NEGATIVE | POSSESSIVE | _words("each every either")

_COUNTED = "one two three four five six seven eight nine ten eleven twelve".split()
NUMBERS = {word: number for number, word in enumerate(_COUNTED, start=1)}
MANY = _words("dozens hundreds both several many few some all these those various") | _words(
    " ".join(_COUNTED[1:])
)
ORDINALS = _words("first second third fourth fifth last other next")

# "There is a dog": who is there stands behind the verb.
EXISTENTIAL = _words("there here")
HE, SHE, IT = _words("he him himself"), _words("she her herself"), _words("it itself")
OWNERS = {"his": "he", "her": "she", "its": "it", "their": "they"}
THEY = _words("they them themselves")
PRONOUNS = (
    HE
    | SHE
    | IT
    | THEY
    | _words(
        "i you we me us myself yourself ourselves someone somebody anyone anybody everyone "
        "everybody nobody something anything everything nothing there here what mine hers theirs "
        "ours yours one"
    )
)

BE = _words("am is are was were be been being 's 're 'm")
IS, WAS = _words("am is are 's 're 'm"), _words("was were had")
HAVE = _words("has have had having 've 'd")
AUXILIARIES = (
    BE
    | HAVE
    | _words(
        "do does did will would can could may might must shall should 'll isn't aren't wasn't "
        "weren't hasn't haven't hadn't doesn't don't didn't won't wouldn't can't cannot couldn't"
    )
)
PREPOSITIONS = _words(
    "about above across after against along alongside amid among amongst around as at atop before "
    "behind below beneath beside besides between beyond by despite down during except for from in "
    "inside into like near of off on onto opposite out outside over past per since through "
    "throughout till to toward towards under underneath until unto up upon versus via vs with "
    "within without aboard astride"
)
# Those that say where somebody is, comes from or goes.
LOCATIVE = _words(
    "above across along among amid around at behind below beneath beside between beyond by down "
    "from in inside into near off on onto opposite out outside over past through throughout to "
    "toward towards under underneath up upon"
)
COORDINATORS = _words("and or but nor &")
SUBORDINATORS = _words(
    "while when whenever because if although though unless where as than until since so before "
    "after once whilst"
)
RELATIVES = _words("who whom which that whose")
ADVERBS = _words(
    "very too also again now still just only then there here soon always never often once away "
    "back forth together apart almost quite rather so more most less not ever already later "
    "suddenly slowly alone upside outside inside nearby around down up off out over past on in "
    "through"
)

# "She sees the cat jump": a verb follows whom they are about.
PERCEIVING = _words("see watch hear let make help feel")
SAYING = _words(
    "say ask answer reply cry shout yell scream whisper mutter murmur growl sigh call beep squeak"
)
# Their past is as their present: "the vase burst".
UNCHANGED = _words(
    "bet burst cast cost cut hit hurt let put quit rid set shed shut slit split spread thrust"
)

# Verbs that say what someone wears, lacks or is called.
WEARING = _words("wearing dressed clad clothed wrapped sporting donning missing lacking")
WEARS = _words("wear sport don")
NAMING = _words("named called nicknamed dubbed")

_HIS_TITLES = "mr sir lord king prince uncle grandpa grandfather father papa dad brother duke baron"
_HER_TITLES = (
    "mrs ms miss lady queen princess aunt auntie grandma granny grandmother mother mama mom mum "
    "sister countess duchess madame baroness dame"
)
HIS_TITLES, HER_TITLES = _words(_HIS_TITLES), _words(_HER_TITLES)
TITLES = (
    HIS_TITLES
    | HER_TITLES
    | _words(
        "dr prof professor doctor captain officer detective sergeant general colonel major "
        "lieutenant saint st old little young big chef nurse judge mayor count agent inspector "
        "monsieur senor señor señora doña admiral commodore marshal president bishop earl "
        "marquis viscount czar emperor"
    )
)
TITLE_NOUNS = {"dr": "doctor", "prof": "professor", "capt": "captain", "sgt": "sergeant"}
ABBREVIATIONS = _words("mr mrs ms dr prof st sr jr int ext capt sgt lt col gen no vs approx")

INTRODUCING = _words("meet introducing presenting enter here's")
# Colours that a dictionary has as things.
COLOURS = _words(
    "auburn aubergine brindle bronze cobalt cream dapple fuchsia ginger khaki lilac lime mint "
    "mustard periwinkle piebald plum russet rust sienna tabby terracotta"
)
# How old somebody is, as scripts say it.
DECADES = _words("teens twenties thirties forties fifties sixties seventies eighties nineties")
# What somebody may stand on wherever they are: "a rabbit on wheels".
STANDS = _words("wheel leg stilt ski skate roller caterpillar")
# "the colour of copper" says what something is like.
QUALITIES = _words(
    "colour colours color colors size shape height age form style pattern texture length width"
)

# What counts the frames of a story or says how it is told.
LABELS = _words(
    "p pg panel page frame scene shot cut take image picture act chapter part step plate fig "
    "figure int ext interior exterior day night dawn dusk morning evening later continuous sfx fx "
    "sound caption text narration narrator voiceover vo title insert angle pov montage flashback "
    "establishing wide medium long two-shot overhead aerial ecu cu ots detail lifestyle"
)
# What a picture can be: "a photo of X" shows X.
PICTURES = _words(
    "photo photograph photography picture image painting drawing sketch illustration portrait "
    "render rendering shot close-up closeup view macro artwork art still snapshot poster "
    "watercolor watercolour woodcut engraving etching print comic cartoon panel cover packshot "
    "headshot silhouette depiction scene selfie polaroid mosaic fresco icon logo sticker concept "
    "design study mugshot angle montage advert ad advertisement wallpaper screenshot film frame "
    "footage pov character"
)
BACKDROPS = _words("background backdrop foreground light lighting bokeh")
# How somebody holds them, not what they are like: "crossed legs".
POSES = _words("clenched closed crossed folded open outstretched parted raised spread")
# A dictionary has them among what can be seen: "on the way home".
UNSEEN = _words("way look sight view masterpiece absurdres highres lowres")
CALENDAR = _words(
    "monday tuesday wednesday thursday friday saturday sunday january february july september "
    "october november december christmas easter halloween"
)
# "It is raining", "It gets dark": nobody is meant.
WEATHER = _words(
    "rain rains rained raining snow snows snowed snowing hails hailing drizzles drizzling pours "
    "pouring thunders thundering storming autumn bright cloudy cold dark dawn day dusk early "
    "evening foggy freezing hot late light midnight morning night noon rainy snowy spring stormy "
    "summer sunny sunset warm windy winter"
)
TURNS = _words("get grow turn become start begin")

# "Every morning Mia swims": when it is, stands before who.
TIMES = _words(
    "morning evening night day afternoon noon week month year summer winter spring autumn time"
)

# What somebody wants is not there yet.
WISHES = _words("want wish hope long plan dream need")

# Nouns that say no more than what may be seen: "the woman" can be any woman.
GENERIC = _words(
    "person people figure child kid youngster adult man boy guy gentleman fellow lad woman girl "
    "lady lass"
)
# Words for the same of which none is a kind of the other in a dictionary.
SAME = tuple(
    _words(each)
    for each in (
        "train locomotive engine",
        "chef cook",
        "bag satchel backpack rucksack handbag purse",
        "tram tramcar streetcar",
        "sofa couch settee",
        "plane aircraft airplane aeroplane jet",
        "bike bicycle motorbike motorcycle",
        "mug cup beaker",
        "policeman policewoman cop officer constable",
        "witch crone hag",
        "jester fool clown",
        "astronaut cosmonaut spaceman",
        "wizard sorcerer magician mage",
        "lantern lamp",
        "boss manager",
    )
)
YOUNG = _words("child kid youngster boy girl lad lass baby toddler")
# Several who have to do with each other: "the friends", "the two sisters".
COMPANY = _words(
    "friend pal buddy mate rival enemy lover couple sister brother sibling twin cousin companion "
    "opponent neighbour neighbor hero partner animal creature character two pair"
)
# How many there are, not who.
GROUPS = _words(
    "group herd flock pack swarm school crowd pair couple trio bunch team band gang row line pile "
    "dozen lot number handful heap family litter brood colony army crew troop troupe caravan fleet "
    "convoy shoal giant bit piece kind sort type set cluster choir orchestra class tribe council "
    "party"
)
# Of these somebody is made who is a likeness; stuffs are in the lexicon.
LIKENESSES = PICTURES | _words(
    "wooden ceramic plastic plush stuffed paper origami cardboard lego wax stone toy statue "
    "sculpture bust figurine doll puppet effigy mural tattoo chocolate gingerbread inflatable "
    "mechanical knitted"
)
# Things that are somebody: they walk and talk, and "a robot chef" is "the robot".
BEINGS = _words(
    "robot android cyborg automaton droid golem skeleton scarecrow snowman mummy ghost phantom "
    "puppet doll dummy marionette mannequin dragon unicorn griffin gryphon phoenix yeti monster "
    "troll ogre gremlin goblin alien"
)
# Animals, whatever else they are first in a dictionary: somebody who is like them, a device.
BEASTS = _words(
    "adder amphibian anthropoid barracuda booby bunny canary chameleon chinchilla crane cub "
    "cuckoo dodo fledgling gopher griffon gull hammerhead harrier hog humpback jaguar kelpie loon "
    "manta mouse nag ostrich packrat piranha primate ram ratter seal shrew skate thoroughbred "
    "thrush tiger tuna vixen warbler watchdog weasel whale wildcat yearling"
)
# People, of whom it has animals first, or who are spelt otherwise.
FOLK = _words("kid kiddo neighbour")
# Things that it has among what is said, or people first.
THINGS = _words(
    "letter map message note parcel ticket calculator camper coaster cutter digger harvester hob "
    "mug printer quad rake roaster rocker scanner screw spinner sprayer staff steamroller tackle "
    "toaster torpedo trailer tumbler washer"
)
# What is worn or stays on somebody, and a dictionary has elsewhere or not at all.
WORN = _words(
    "bandana bangs beanie belt boa bomber bowler brace braces cape choker cloak collar dimple "
    "dreadlock dungaree dungarees earbud eyepatch fang fedora freckle fringe glasses goatee "
    "handcuff headphone headset helmet heterochromia hood hoodie jean jeans jumper loafer mantle "
    "mohawk monocle piercing pigtail ponytail ribbon romper sash scar skirt sneaker stubble "
    "tattoo tee trainers trouser trousers undercut wellington"
)
# "The beast opens one eye": anybody can be meant who is not human.
CREATURES = _words("creature beast monster animal brute critter")
# What "built from an old boat" says of a house is no place.
MAKING = _words("make build carve weave sew knit cut cast forge fashion cobble assemble fold")
LIVING = _words("living live real alive")
