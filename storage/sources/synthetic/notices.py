"""The invented part of a poster: desks, rooms, prices, hours and announcements of places that do not exist.

Telephone numbers are from 555-0100 to 555-0199, a range reserved for fiction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

PLACES = ("Harbor Street", "Old Mill", "North Quay", "Lindenfeld", "Copper Hill", "Seven Bridges", "Maple Yard")
KINDS = (
    "Science Center",
    "Public Library",
    "Natural History Hall",
    "Field Station",
    "Geography Museum",
    "Open College",
)
SHEETS = ("Visitor board", "Facts and figures", "Weekly bulletin", "Staff dashboard", "Reading room sheet", "Open day")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October")


def phone(rng: Random) -> str:
    """A random telephone number."""
    return f"555-01{rng.randint(0, 99):02d}"


def room(rng: Random) -> str:
    """A random room, e.g. "Room 214"."""
    return f"Room {rng.randint(101, 489)}"


def price(rng: Random) -> str:
    """A random price in dollars."""
    return f"${rng.randint(2, 60)}.{rng.choice(['00', '25', '50', '75', '90'])}"


def clock(rng: Random) -> str:
    """A random time of day, e.g. "9:15"."""
    return f"{rng.randint(8, 19)}:{rng.choice(['00', '10', '15', '20', '30', '40', '45', '50'])}"


def date(rng: Random) -> str:
    """A random day and month."""
    return f"{rng.randint(1, 28)} {rng.choice(MONTHS)}"


def code(rng: Random) -> str:
    """A random code of two letters and four digits."""
    letters = "".join(rng.sample("ABCDEFHKLMNPRTUVWX", 2))
    return f"{letters}-{rng.randint(1000, 9899)}"


def number(rng: Random) -> str:
    """A random number."""
    return str(rng.randint(12, 980))


def copies(rng: Random) -> str:
    """A random print run, e.g. "1200 copies"."""
    return f"{rng.randint(2, 90)}00 copies"


def edition(rng: Random) -> str:
    """A random edition, e.g. "no. 12"."""
    return f"no. {rng.randint(2, 140)}"


@dataclass(frozen=True, slots=True)
class Topic:
    """A list of names with one value each, and forms of questions for a value.

    Attributes:
        titles: titles of the panel.
        names: the names, as printed.
        value: makes a random value.
        ask: question forms with {name}; the name is quoted as printed.
    """

    titles: tuple[str, ...]
    names: tuple[str, ...]
    value: Callable[[Random], str]
    ask: tuple[str, ...]


TOPICS: tuple[Topic, ...] = (
    Topic(
        ("Who to call", "Telephone list", "Contacts"),
        ("Registration desk", "Lost property", "First aid", "Map archive", "School visits", "Night porter",
         "Press office", "Loading dock", "Cloakroom", "Seed library", "Workshop bookings", "Boiler room"),
        phone,
        ("What is the phone number of the {name}?", "Which phone number is printed for {name}?",
         "What phone number is given for {name}?", "Which phone number does the {name} have?",
         "Can you tell me the phone number of the {name}?", "What is the telephone number of the {name}?"),
    ),
    Topic(
        ("Admission and fees", "Price list", "Charges"),
        ("Adult day ticket", "Student ticket", "Family ticket", "Guided tour", "Audio guide", "Locker for a day",
         "Poster print", "Photocopy card", "Bicycle hire", "Workshop seat", "Annual pass", "Parking, full day"),
        price,
        ("What is the price of the {name}?", "Which price is printed for {name}?", "How much does the {name} cost?",
         "What price is given for {name}?", "Can you tell me the price of the {name}?", "What does the {name} cost?"),
    ),
    Topic(
        ("Where to go", "Room guide", "Rooms today"),
        ("Map reading course", "Rock collection", "Star evening", "Chess circle", "Bird survey meeting",
         "Paper repair class", "River model demo", "Quiet study", "Weather briefing", "Microscope hour",
         "Kite building", "Choir practice"),
        room,
        ("In which room is the {name}?", "Which room is printed for {name}?", "What room is given for {name}?",
         "What is the room of the {name}?", "In what room is the {name}?", "Can you tell me the room of the {name}?"),
    ),
    Topic(
        ("Starting times", "Today at a glance", "Programme"),
        ("Opening tour", "Tide table talk", "Lunch concert", "Fossil hunt", "Bridge building", "Volcano film",
         "Puppet show", "Evening lecture", "Garden walk", "Radio workshop", "Star party", "Closing round"),
        clock,
        ("At what time does the {name} start?", "Which starting time is printed for {name}?",
         "What is the starting time of the {name}?", "What time is given for {name}?",
         "At which time does the {name} start?", "Can you tell me the starting time of the {name}?"),
    ),
    Topic(
        ("Dates to note", "Deadlines", "Calendar"),
        ("Grant applications", "Photo contest entries", "Seed exchange", "Book sale", "Roof inspection",
         "Volunteer day", "Annual meeting", "Survey of bats", "Summer camp sign-up", "Boat trial",
         "Archive closing", "Harvest market"),
        date,
        ("What is the date of the {name}?", "Which date is printed for {name}?", "On which date is the {name}?",
         "What date is given for {name}?", "On what date is the {name}?", "Can you tell me the date of the {name}?"),
    ),
    Topic(
        ("Equipment register", "Key cabinet", "Inventory"),
        ("Projector A", "Portable barometer", "Tripod, large", "Rain gauge", "Sediment corer", "Globe, 60 cm",
         "Field radio", "Sound level meter", "Display case 4", "Ladder, 6 m", "Label printer", "Water sampler"),
        code,
        ("What is the code of the {name}?", "Which code is printed for {name}?", "What code is given for {name}?",
         "Which code does the {name} have?", "What code does the {name} have?",
         "Can you tell me the code of the {name}?"),
    ),
    Topic(
        ("Counts this week", "Desk statistics", "In numbers"),
        ("Maps lent", "Questions answered", "School classes", "Lost gloves", "New members", "Postcards sold",
         "Tours given", "Books returned", "Samples labelled", "Cups of tea", "Bicycles parked", "Films shown"),
        number,
        ("What number is printed for {name}?", "What is the figure for {name}?", "What number is given for {name}?",
         "Which figure is printed for {name}?", "Which number is shown for {name}?", "What is the number for {name}?"),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Announcement:
    """A sentence with one fact, and a question for that fact."""

    text: str
    value: Callable[[Random], str]
    ask: str


ANNOUNCEMENTS: tuple[Announcement, ...] = (
    Announcement("The east stairs are closed until {}.", date, "Until which date are the east stairs closed?"),
    Announcement("Lost property is kept in {}.", room, "In which room is lost property kept?"),
    Announcement("Ask for a visitor badge by calling {}.", phone, "Which number should one call for a visitor badge?"),
    Announcement("A replacement key costs {}.", price, "How much does a replacement key cost?"),
    Announcement("The fire drill begins at {}.", clock, "At what time does the fire drill begin?"),
    Announcement("Parcels need the delivery code {}.", code, "What is the delivery code for parcels?"),
    Announcement("The lift will be serviced on {}.", date, "On which date will the lift be serviced?"),
    Announcement("The deposit for a locker is {}.", price, "How much is the deposit for a locker?"),
    Announcement("The last shuttle bus leaves at {}.", clock, "At what time does the last shuttle bus leave?"),
    Announcement("The darkroom has moved to {}.", room, "To which room has the darkroom moved?"),
    Announcement("Report broken lamps to {}.", phone, "Which number should broken lamps be reported to?"),
    Announcement("The network guest code is {}.", code, "What is the network guest code?"),
    Announcement("The pond will be drained on {}.", date, "On which date will the pond be drained?"),
    Announcement("The hall holds at most {} people.", number, "How many people does the hall hold at most?"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A name and its value (or a sentence that contains the value), as printed, and questions for the value.

    Attributes:
        asks: questions with the same meaning.
        alike: makes values of the same kind.
    """

    name: str
    value: str
    asks: tuple[str, ...]
    alike: Callable[[Random], str]


def topic_entries(topic: Topic, rng: Random, count: int) -> list[Entry]:
    """Entries of a topic, all with different values."""
    entries: list[Entry] = []
    for name in rng.sample(topic.names, min(count, len(topic.names))):
        value = fresh(topic.value, rng, [entry.value for entry in entries])
        said = name if name.split()[-1].isupper() or len(name.split()[-1]) == 1 else name[0].lower() + name[1:]
        asks = tuple(form.format(name=name if "for {name}" in form else said) for form in topic.ask)
        entries.append(Entry(name, value, asks, topic.value))
    return entries


def announcement_entries(rng: Random, count: int) -> list[Entry]:
    """Up to `count` random announcements."""
    chosen = rng.sample(ANNOUNCEMENTS, min(count, len(ANNOUNCEMENTS)))
    return [Entry(item.text, item.value(rng), (item.ask,), item.value) for item in chosen]


def fresh(make: Callable[[Random], str], rng: Random, taken: list[str]) -> str:
    """A random value that is not in `taken`."""
    while (value := make(rng)) in taken:
        pass
    return value


def heading(rng: Random) -> tuple[str, str]:
    """A poster's title and the line below it."""
    title = f"{rng.choice(PLACES)} {rng.choice(KINDS)}"
    return title, f"{rng.choice(SHEETS)}, week of {date(rng)}"


def small_print(rng: Random) -> list[Entry]:
    """The facts of the line at the foot of a poster."""
    return [
        Entry("Sheet", code(rng), ("What is the sheet number in the line at the foot?",), code),
        Entry("Edition", edition(rng), ("Which edition is printed at the foot?",), edition),
        Entry("Print run", copies(rng), ("What is the print run given at the foot?",), copies),
        Entry("Next issue", date(rng), ("What is the date of the next issue?",), date),
        Entry("Enquiries", phone(rng), ("Which phone number is given for enquiries at the foot?",), phone),
    ]
