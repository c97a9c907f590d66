"""Words that can stand for one another in a prompt."""

from collections.abc import Iterator

_SAME = """
big large huge; small little tiny; fast quick rapid speedy quickly rapidly; begin start commence;
end finish conclude; stop halt cease quit; buy purchase; get obtain acquire gain receive; make
create produce build construct; fix repair mend resolve; solve resolve; error mistake bug; delete
remove erase drop; show display; find locate; choose select pick; change modify alter; convert
transform turn; improve enhance boost better; increase raise; decrease reduce lower lessen; help
assist aid; use utilize employ apply; answer reply respond response; ask inquire; explain describe
clarify elaborate; tell inform; important significant crucial essential vital key; hard difficult
tough challenging; easy simple straightforward; smart intelligent clever bright; brave courageous;
happy joyful cheerful glad; sad unhappy sorrowful; angry mad furious; rich wealthy; poor
impoverished; beautiful pretty attractive gorgeous lovely; ugly unattractive; cheap inexpensive
affordable; expensive costly pricey; quiet silent; loud noisy; sick ill unwell; strange odd weird
unusual; funny humorous; scary frightening terrifying; scared afraid frightened; tired exhausted
weary; old elderly aged; whole entire; near close nearby; wrong incorrect; right correct; true
real; main major primary principal chief; common frequent; often frequently; job occupation
profession work employment career; boss manager supervisor; company firm business; car automobile
vehicle; doctor physician; lawyer attorney; movie film; picture image photo; kid child; baby
infant; man guy; woman lady; father dad; mother mom mum; grandmother grandma; grandfather grandpa;
house home; road street; city town; country nation; area region zone; way method approach
technique procedure; kind type sort category; part piece; goal aim objective purpose target; idea
concept notion; reason cause; result outcome consequence; effect impact influence; benefit
advantage pro perk; drawback disadvantage con downside; difference distinction; problem issue
trouble difficulty; example instance sample; meaning sense; word term; text passage; article
piece; book novel; story tale; song tune; sentence phrase; paragraph passage; summary overview;
list enumerate; compare contrast; write compose draft pen; rewrite rephrase reword paraphrase;
summarize condense; translate render; calculate compute determine evaluate; figure number digit;
amount quantity; count number; total sum; add append insert; join merge combine concatenate; split
separate divide; sort order arrange; search look seek; run execute launch; test check verify
validate; try attempt; install setup; download fetch retrieve; upload send; save store keep; copy
duplicate; edit revise; open launch; close shut; enable activate; disable deactivate; allow permit
let; forbid prohibit ban; prevent avoid stop; need require; want wish desire; like enjoy; love
adore; hate dislike detest; think believe feel consider; know understand; learn study; teach
instruct educate; speak talk; say state mention; discuss debate; argue dispute; agree concur;
happen occur; die decease; kill murder; hurt harm injure damage; destroy ruin demolish; protect
defend guard; attack assault; win triumph; lose forfeit; earn gain; pay compensate; cost price;
money cash fund funds; sell vend; travel trip journey; visit tour; live reside; stay remain; leave
depart exit; arrive reach; come arrive; return come-back; go travel; walk stroll; eat consume;
food meal; drink beverage; cook prepare; recipe dish; lose-weight slim; gain-weight bulk; exercise
workout; sleep slumber; illness disease sickness; symptom sign; treat cure heal; medicine
medication drug; safe secure; dangerous hazardous risky unsafe; danger risk hazard peril; possible
feasible; able capable; likely probable; sure certain; clear obvious evident; famous renowned
popular known; new latest recent; current present contemporary; modern contemporary; ancient old;
next following; previous prior former earlier; first initial; last final; extra additional more
further; another different; same identical equal; similar alike like; opposite reverse; enough
sufficient; good great nice excellent; best top greatest finest ideal optimal; bad poor terrible
awful; worst poorest; strong powerful; weak feeble; thin slim skinny; fat overweight obese; wide
broad; narrow slim; tall high; short brief concise; long lengthy; deep profound; empty blank
vacant; full complete; fresh new; dirty filthy; clean tidy; wet moist damp; dry arid; hot warm;
cold cool chilly; shy timid; kind nice friendly; rude impolite; honest truthful; lazy idle; busy
occupied; alone lonely; famous celebrated; foreign overseas abroad; student pupil learner; teacher
instructor tutor educator; beginner novice newbie starter newcomer; expert specialist; friend
buddy pal; enemy foe; neighbor neighbour; person individual human; people folk folks; worker
employee staff; customer client buyer; seller vendor; owner proprietor; leader head chief;
president head-of-state; government state; law legislation statute; rule regulation; war conflict;
fight battle; weapon arm; crime offense offence; prison jail; police cop; tax levy; computer pc
machine; laptop notebook; phone telephone smartphone cellphone mobile; tv television; internet web
net online; website site webpage; page webpage; email mail e-mail; message text; password
passcode; account profile; file document; folder directory; function method routine; program
script code; variable identifier; array list; dictionary dict hash map hashmap; string text;
integer int; boolean bool; parameter argument param arg; loop iteration; object instance; database
db; table relation; column field; row record; query search; key index; bug defect fault; crash
fail; failure crash; application app program software tool; library package module; version
release; update upgrade refresh; server host; network net; delay latency lag; memory ram;
processor cpu; screen display monitor; button control; link url hyperlink; image picture; video
clip; print output; display output; input enter; number numeral; prime primes; largest biggest
greatest maximum max highest; smallest minimum min lowest least tiniest; average mean; median
middle; reverse invert backwards; remove strip; unique distinct; duplicate repeated duplicates;
empty null; check determine; generate create produce; implement write code; develop create build;
design devise; plan schedule; prepare ready; guide tutorial; tip advice suggestion recommendation
hint; advise recommend suggest; trick hack; step stage phase; process procedure; feature
characteristic trait attribute property; role function part; use purpose; skill ability talent;
fact truth; detail particular; topic subject theme; question query; answer solution; equation
formula; graph chart plot; shape form; color colour; size dimension; speed velocity pace; weight
mass; height tallness; length size; distance range; temperature heat; energy power; force
strength; light illumination; sound noise; earth world globe planet; sea ocean; river stream;
mountain peak; forest woods; animal creature beast; dog puppy canine; cat kitten feline; bird
fowl; plant vegetation; flower blossom; tree wood; rain rainfall; weather climate; holiday
vacation; party celebration; gift present; birthday birthdate; wedding marriage; husband spouse;
wife spouse; divorce separate; relationship bond; sex intercourse; god deity; religion faith;
church chapel; bible scripture; soul spirit; history past; future tomorrow; university college;
school academy; exam test examination; grade mark score; degree diploma; course class lesson;
research study investigation; experiment trial; theory hypothesis; invent discover create;
inventor creator; found establish; founder creator establisher; author writer; creator maker;
artist painter; actor performer; singer vocalist; player athlete; team squad; game match; sport
athletics; score point; coach trainer; fan supporter; interview conversation; resume cv; salary
wage pay income; hire employ recruit; fire dismiss sack; retire resign; apply request; loan
credit; debt liability; bank lender; invest put; investment holding; stock share equity; profit
gain earnings; loss deficit; rich affluent; economy market; trade commerce; export ship; import
bring; growth expansion; grow expand develop; shrink contract; rise climb; fall decline drop;
affect influence impact; cause lead trigger provoke; caused due; depend rely; contain include
hold; consist comprise; relate connect associate; belong pertain; exist be; appear seem look;
become get turn; view opinion perspective stance; attitude mindset; feeling emotion; mood temper;
fear dread phobia; stress pressure anxiety; worry concern anxious; nervous anxious; depressed
depression; pain ache hurt; cope deal handle manage; overcome beat conquer; forget overlook;
remember recall; memorize remember; focus concentrate; relax unwind; motivate inspire encourage;
confidence self-confidence; habit routine; lifestyle way-of-life; life living; death dying; birth
born; healthy fit wholesome; health wellness; diet nutrition; vitamin nutrient; skin complexion;
hair hairs; tooth teeth; stomach belly tummy; head skull; quickly fast; fastest quickest; cheapest
lowest-priced; mainly mostly primarily; approximately roughly; around about; immediately
instantly; constantly always continuously; eventually finally; usually normally; typically
generally; actually really; slowly gradually; correctly properly; effectively efficiently well;
alternative substitute replacement option; choice option; replace substitute swap; exchange swap
trade; edit modify; remove uninstall; order sequence; sequence series; pattern regex; match
correspond; original initial; preserve keep retain maintain; retain hold; transparent see-through;
visible apparent; hidden concealed invisible; secret confidential; private personal; public open;
local nearby; global worldwide international; organise organize; behaviour behavior; grey gray;
centre center; maths math mathematics; aeroplane airplane plane aircraft; autumn fall; lorry
truck; petrol gasoline gas; flat apartment; lift elevator; biscuit cookie; queue line; rubbish
garbage trash waste; tap faucet; football soccer; trousers pants; holiday vacation; mobile
cellular; cinema theater theatre; film movie; fridge refrigerator; oven stove; sofa couch; bag
purse; shop store; supermarket grocery; chemist pharmacy; bill invoice receipt; subway metro
underground; train railway; airport airfield; flight flights; passport document; hotel inn;
restaurant diner eatery; waiter server; menu card; tip gratuity; acquire get; conduct perform run;
cellphone mobile; wifi wireless; connect link join; disconnect detach; purchase acquire; operate
run work; function work operate; broken busted; malfunction fail; faulty defective; tackle handle
approach; assess evaluate judge; analyze analyse examine; inspect examine check; monitor track;
observe watch see; watch view; look view; notice spot; recognize identify; identify detect;
classify categorize; photo picture photograph; response answer; get receive; problem issue;
consequence result; quality feature; procedure function; reversed inverted; tomorrow future;
baggage luggage; program code; sport game; frightened scared
"""


def groups(text: str) -> Iterator[list[str]]:
    """The words between the semicolons of `text`."""
    return (group.split() for group in text.split(";"))


def numbered(text: str) -> dict[str, frozenset[int]]:
    """Of every word in `text`: the numbers of the groups that it is in."""
    found: dict[str, set[int]] = {}
    for number, group in enumerate(groups(text)):
        for word in group:
            found.setdefault(word, set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


_SENSES = numbered(_SAME)
_NONE: frozenset[int] = frozenset()


def synonyms(one: str, other: str) -> bool:
    """Whether either can mean what the other means."""
    return not _SENSES.get(one, _NONE).isdisjoint(_SENSES.get(other, _NONE))
