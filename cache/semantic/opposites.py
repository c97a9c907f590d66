"""Words of which the first says the opposite of each of the others, and families of words.

Of a family, one never stands for another: a red car is not a blue one.
"""

from cache.semantic.synonyms import groups, numbered

_OPPOSITE = """
to from; into out; cause effect solution; difference similarity; formal casual; synonym antonym;
winner loser; ancestor descendant; approve reject; above below; dominant recessive; lend borrow;
maximum minimum; successor predecessor; employed self-employed; buyer seller;
 inside outside; up down; over under; towards away; update upgrade;
increase decrease reduce lower; raise lower; more less fewer; most least fewest; maximum minimum;
maximize minimize; max min; high low; higher lower; highest lowest; big small; large small;
biggest smallest; long short; longest shortest; tall short; deep shallow; wide narrow; thick thin;
fast slow; faster slower; fastest slowest; good bad; better worse; best worst; happy sad unhappy;
hot cold; hotter colder; warm cool; old new young; older younger newer; oldest youngest newest;
rich poor; strong weak; hard easy soft; difficult easy simple; simple complex complicated; cheap
expensive; cheaper pricier; light dark heavy; lighter heavier darker; early late; earlier later;
earliest latest; first last; before after; previous next; past future; ancient modern; beginning
end; start stop end finish; begin end finish stop; open close closed; enable disable; install
uninstall; activate deactivate; encrypt decrypt; encode decode; compress decompress extract; lock
unlock; mount unmount; connect disconnect; attach detach; add remove subtract delete; append
prepend; insert delete remove; create delete destroy drop; push pull pop; import export; upload
download; read write; input output; send receive; give take; buy sell; buying selling; lend
borrow; rent own; import export; hire fire; accept reject refuse decline; allow forbid ban; block
prohibit; agree disagree; approve reject disapprove; support oppose; love hate; like dislike; win
lose; gain lose; pass fail; succeed fail; success failure; profit loss; rise fall; grow shrink;
expand contract; ascending descending; ascend descend; asc desc; up down; upward downward; left
right; north south; east west; top bottom; upper lower; front back; forward backward; inside
outside; internal external; inner outer; interior exterior; indoor outdoor; above below; over
under; on off; in out; enter leave exit; arrive depart leave; come go; import export; inbound
outbound; incoming outgoing; male female; man woman; men women; boy girl; husband wife; father
mother; mother father; son daughter; brother sister; uncle aunt; king queen; mom dad; he she; him
her; his her; true false; right wrong; correct incorrect; positive negative; plus minus; pro con;
pros cons; advantage disadvantage; advantages disadvantages; benefit drawback harm; benefits
drawbacks; strength weakness; legal illegal; legally illegally; possible impossible; likely
unlikely; able unable; safe dangerous unsafe; healthy unhealthy; common rare uncommon; normal
abnormal; usual unusual; public private; local remote global; static dynamic; synchronous
asynchronous; sync async; mutable immutable; odd even; major minor; minority majority; urban
rural; domestic foreign international; domestic wild; formal informal; polite rude; honest
dishonest; fair unfair; loyal disloyal; patient impatient; visible invisible; secure insecure;
stable unstable; active passive inactive; active passive; alive dead; life death; live die; birth
death; born died; sleep wake; awake asleep; remember forget; teach learn; ask answer; cause
prevent cure; prevent cause; avoid cause seek; damage repair; break fix repair; hurt heal; attack
defend; protect attack harm; save spend waste delete; earn spend; lend borrow; include exclude;
with without; inclusive exclusive; same different; similar different; equal unequal; empty full;
wet dry; clean dirty; rough smooth; loud quiet; noisy quiet; sharp dull; tight loose; sweet sour;
fresh stale; raw cooked; frozen fresh; alcoholic non-alcoholic; fiction nonfiction non-fiction;
friend enemy; ally enemy; war peace; victory defeat; victim criminal; guilty innocent; employer
employee; teacher student; doctor patient; landlord tenant; seller buyer; parent child; client
server; host guest; predator prey; lender borrower; sender receiver; import export; supply demand;
credit debit; asset liability; debt asset; bull bear; bullish bearish; inflation deflation; boom
bust; surplus deficit; wholesale retail; optimist pessimist; optimistic pessimistic; introvert
extrovert; conservative liberal progressive; religious secular atheist; vegetarian carnivore;
single married; together apart; alone together; always never; everything nothing; everyone nobody;
all none; some none; many few; much little; both neither; either neither; and or; visible hidden;
show hide; reveal hide conceal; find lose hide; seek hide; organic inorganic synthetic; real fake
imaginary; original copy fake; theory practice; temporary permanent; temporarily permanently;
partial complete; partially fully; vertical horizontal; vertically horizontally; row column; rows
columns; parallel serial perpendicular; clockwise counterclockwise; inhale exhale; push pull; acid
base; acidic alkaline basic; solid liquid gas; melt freeze; solar lunar; day night; morning
evening night; summer winter; spring autumn fall; sunrise sunset; dawn dusk; weekday weekend;
lower upper; lowercase uppercase; numerator denominator; multiply divide; multiplication division;
addition subtraction; sum difference product; square cube; convex concave; mean median mode;
intake output; offline online; wired wireless; manual automatic; manually automatically; hardware
software; frontend backend; server client; vegetarian meat; tight loose; smart stupid dumb;
intelligent stupid; brave cowardly; cowardly fearful; lazy hardworking diligent; shy outgoing;
confident insecure; humble arrogant; kind cruel; mean kind; generous selfish stingy; calm anxious
nervous; relaxed stressed tense; attractive ugly; beautiful ugly; famous unknown; popular
unpopular; important unimportant; necessary unnecessary; useful useless; interesting boring;
exciting boring; serious funny; defensive offensive; specific general; objective subjective;
direct indirect; explicit implicit; singular plural; verb noun; ventral dorsal; lose gain; losing
gaining; loses gains; gaining losing; overweight underweight; fat thin; obese skinny; accelerate
decelerate; strengthen weaken; improve worsen; better worse; lengthen shorten; widen narrow; heat
cool; heating cooling; hello goodbye; import export; zoom shrink; in-person online; hypo hyper;
undo redo; prepend append; earliest latest; former latter; major minor; senior junior; beginner
expert advanced; novice expert; poorer richer; weaker stronger; dirtier cleaner; loudest quietest;
easiest hardest; easier harder; sooner later; nearer farther; nearest farthest; near far; closest
farthest furthest; here there; increase lower; large small; largest smallest; maximize minimize;
cheap pricey; brave cowardly; prime composite; buying selling; boys girls; safe risky; male
female; heat cool; left-wing right-wing
"""
_FAMILIES = """
red blue green yellow black white brown purple pink orange grey gray silver gold golden violet;
monday tuesday wednesday thursday friday saturday sunday weekend weekday; january february march
april may june july august september october november december; spring summer autumn fall winter;
morning noon afternoon evening night midnight; breakfast lunch dinner brunch supper dessert snack;
yesterday today tomorrow tonight; second minute hour day week month year decade century millennium
quarter; father mother dad mom son daughter brother sister uncle aunt cousin grandfather
grandmother husband wife nephew niece; man woman boy girl child adult teenager toddler baby infant
kid senior; he she him her his hers they; north south east west northern southern eastern western;
dog cat bird fish horse cow pig sheep goat chicken duck rabbit hamster snake lizard turtle snail
spider monkey mouse rat lion tiger bear wolf fox elephant frog bee ant whale shark dolphin
chimpanzee lobster crab insect butterfly parrot puppy kitten; head neck shoulder arm elbow wrist
hand finger leg knee ankle foot toe heel back chest stomach hip face eye ear nose mouth tooth
tongue skull brain heart lung liver kidney skin hair hip thigh throat muscle bone; apple banana
orange grape lemon mango strawberry cherry peach pear potato tomato onion carrot rice pasta bread
butter cheese milk egg beef pork chicken fish tuna salmon sugar salt pepper tea coffee beer wine
juice water soup pizza burger; earth mars venus jupiter saturn mercury neptune uranus pluto moon
sun; circle square triangle rectangle hexagon pentagon sphere cube cylinder cone oval pyramid
trapezoid polygon; oxygen hydrogen nitrogen carbon helium iron copper gold silver sodium chlorine
calcium potassium lead zinc aluminum; python java javascript typescript c c++ c# ruby rust go
golang php perl kotlin swift scala haskell r matlab sql bash html css lua dart fortran cobol julia
elixir clojure erlang assembly powershell; json csv xml yaml toml html pdf txt markdown excel word
png jpg jpeg svg gif mp3 mp4 wav zip tar; list array tuple set dictionary dict string integer
float boolean stack queue heap tree graph matrix vector hashmap map; class function method
variable module package interface object constructor decorator; react angular vue django flask
rails spring laravel express fastapi nextjs svelte; numpy pandas matplotlib tensorflow pytorch
keras scikit scipy; mysql postgresql postgres sqlite mongodb redis oracle mariadb cassandra
elasticsearch; windows linux mac macos ubuntu debian fedora android ios unix chromeos; iphone ipad
macbook android samsung pixel; chrome firefox safari edge opera; google facebook instagram twitter
whatsapp snapchat tiktok youtube linkedin reddit pinterest telegram quora amazon netflix microsoft
apple yahoo bing gmail outlook slack zoom discord spotify; aws azure gcp docker kubernetes github
gitlab bitbucket; get post put patch delete head; merge rebase commit push pull clone fetch
checkout stash reset revert branch; add subtract multiply divide sum difference product quotient;
mean median mode variance average range; sine cosine tangent sin cos tan log; addition subtraction
multiplication division; english french spanish german italian portuguese chinese japanese korean
hindi arabic russian latin dutch polish turkish swedish greek hebrew; india china usa uk canada
australia germany france japan russia brazil mexico spain italy pakistan england scotland ireland
wales africa europe asia america; football soccer basketball baseball tennis golf hockey cricket
rugby volleyball swimming boxing wrestling running cycling; piano guitar violin drum flute cello
trumpet saxophone bass ukulele; physics chemistry biology math mathematics geography history
economics psychology sociology philosophy literature; doctor nurse lawyer teacher engineer
accountant actor actress editor author journalist analyst artist architect student professor chef
pilot soldier police firefighter president king queen manager producer assistant adviser secretary
interpreter auditor entrepreneur executive administrator educator academic intern agent historian
organizer investor; dollar euro pound yen rupee yuan peso franc bitcoin; hydro solar wind nuclear
coal; solid liquid gas plasma; bronze silver gold platinum; car bus train plane bicycle bike
motorcycle truck boat ship taxi subway van; bedroom bathroom kitchen garage basement attic garden;
essay poem story letter email song speech report resume article blog tweet haiku novel review joke
paragraph script limerick; virus bacteria fungus; love hate fear anger joy sadness; vitamin
mineral protein carbohydrate fat fiber; who what when where why; small medium large; diabetes
cancer asthma flu cold covid pneumonia arthritis depression anxiety; bachelor master phd
undergraduate graduate; christian muslim hindu jewish buddhist catholic protestant; christianity
islam hinduism judaism buddhism; democrat republican liberal conservative; noun verb adjective
adverb pronoun preposition; simple continuous perfect; present past future; row column cell table
sheet; read write update insert select delete; encryption hashing compression encoding; lowercase
uppercase capitalize; first last middle; before after during while until since; buy sell rent
lease
"""
_OPPOSED = frozenset(
    frozenset((group[0], word)) for group in groups(_OPPOSITE) for word in group[1:]
)
_FAMILY = numbered(_FAMILIES)
_NONE: frozenset[int] = frozenset()
_UNDOING = ("un", "in", "im", "il", "ir", "dis", "non", "de", "anti")


def opposed(one: str, other: str) -> bool:
    """Whether one of the words says the opposite of the other: "hot" and "cold", "un" forms."""
    if frozenset((one, other)) in _OPPOSED:
        return True
    short, long = sorted((one, other), key=len)
    if any(long == prefix + short and len(short) > 2 for prefix in _UNDOING):
        return True
    return long.endswith("less") and short in (long[:-4], long[:-4] + "ful")


def siblings(one: str, other: str) -> bool:
    """Whether both are of one family, and not the same."""
    return one != other and not _FAMILY.get(one, _NONE).isdisjoint(_FAMILY.get(other, _NONE))
