"""Labelled cases by the kind of mistake: answers that look right and are wrong, and right ones in unusual forms.

Rows are (answer, reference, question, options). `NEVER_CORRECT` holds wrong answers, `NEVER_INCORRECT` right ones:
undecided is allowed there, because a model judge then decides. `CORRECT` must be correct by the rules.
"""

Row = tuple[str, str, str, tuple[str, ...]]

FRUIT = ("apple", "pear", "plum", "grape")
HUES = ("pink", "teal", "brown", "gold")
LAMP = ("The cup is on the left side of the lamp", "The cup is on the right side of the lamp")

SIDES = ("left", "right")
FACING = "Is the boy left or right of the girl?"
HEIGHTS = ("shorter", "taller")

NEVER_CORRECT: dict[str, tuple[Row, ...]] = {
    "signs at a word's edge": tuple(
        (answer, reference, "Which rating is it?", ())
        for pair in (
            ("AA", "AA-"),
            ("BBB", "BBB-"),
            ("C", "C-"),
            ("AB", "AB-"),
            ("Cl", "Cl-"),
            ("A", "A*"),
            ("P", "P'"),
        )
        for answer, reference in (pair, pair[::-1])
    )
    + tuple((answer, "teal", "Which hue?", ()) for answer in ("!teal", "-teal", "teal -", "(-teal)", "It is !teal"))
    + (("Rh(-)", "Rh", "Which type?", ()), ("Rh -", "Rh", "Which type?", ()), ("da", "Soda", "Which?", ())),
    "the letter A is no article": tuple(
        (answer, reference, "Which is named?", ())
        for pair in (
            ("Vitamin", "Vitamin A"),
            ("Hepatitis", "Hepatitis A"),
            ("Vitamin deficiency", "Vitamin A deficiency"),
            ("Team members", "Team A members"),
            ("level", "A-level"),
            ("and B", "A and B"),
            ("few", "a few"),
        )
        for answer, reference in (pair, pair[::-1])
    ),
    "the letter A among options": (
        ("Plan", "Plan A", "Which is it?", ("Plan A", "Plan B")),
        ("Plan", "Plan A", "Which is it?", ("Plan A", "Form B")),
        ("Plan A", "Plan", "Which is it?", ("Plan", "Form")),
        ("Type", "Type A", "Which is it?", ("Type A", "Kind B")),
    ),
    "an option turned round by the question's words": (
        ("The girl is left of the boy", "left", FACING, SIDES),
        ("A. The girl is left of the boy", "left", FACING, SIDES),
        ("The girl is on the left", "left", FACING, SIDES),
        ("left of the boy", "left", FACING, SIDES),
        ("The lamp is left of the cup", "left", "On which side of the lamp is the cup?", SIDES),
        ("The lamp is on the left", "left", "On which side of the lamp is the cup?", SIDES),
        ("The oak is taller than the elm", "taller", "Is the elm taller or shorter than the oak?", HEIGHTS),
        ("B is taller", "taller", "Is A taller or shorter than B?", HEIGHTS),
        ("The fox sees the hen", "hen", "Which one sees the fox?", ("hen", "owl")),
        ("The tank is above the pump", "above", "Where is the pump in relation to the tank?", ("above", "below")),
    ),
    "a letter beside another option's words": (
        ("B because the box beside it is pink", "pink", "Which hue?", HUES),
        ("B - beside the pink box", "pink", "Which hue?", HUES),
        ("B (near the pink box)", "pink", "Which hue?", HUES),
        ("B\nThe pink one is left of it", "pink", "Which hue?", HUES),
        ("C rather than pink", "pink", "Which hue?", HUES),
        ("the pink one is a lid, so B", "pink", "Which hue?", HUES),
        ("B=pink", "pink", "Which hue?", HUES),
        ("B. apple", "B", "Which fruit?", FRUIT),
        ("grape (B)", "D", "Which fruit?", FRUIT),
        ("grape, option B", "D", "Which fruit?", FRUIT),
        ("A teal", "teal", "Which hue?", HUES),
        ("A: teal", "teal", "Which hue?", HUES),
    ),
    "words that turn an option": (
        ("anything but pink", "pink", "Which hue?", HUES),
        ("far from pink", "pink", "Which hue?", HUES),
        ("almost pink", "pink", "Which hue?", HUES),
        ("hot pink", "pink", "Which hue?", HUES),
        ("pinkish", "pink", "Which hue?", HUES),
        ("not a plum", "plum", "Which fruit?", FRUIT),
        ("all except plum", "plum", "Which fruit?", FRUIT),
        ("plum is wrong", "plum", "Which fruit?", FRUIT),
        ("plum?", "plum", "Which fruit?", FRUIT),
        ("neither plum nor pear", "plum", "Which fruit?", FRUIT),
        ("the lamp is on the left side of the cup", "A", "Where is the cup?", LAMP),
        ("pink", "pink and gold", "Which hues?", ("pink and gold", "teal")),
        ("pink", "not pink", "Which hue?", ("not pink", "teal")),
    ),
    "letters that are taken back": (
        ("B... no, C", "B", "Which?", FRUIT),
        ("A is wrong", "A", "Which?", FRUIT),
        ("Not D", "D", "Which?", FRUIT),
        ("(A) or (B)", "A", "Which?", FRUIT),
        ("A/B", "A", "Which?", FRUIT),
        ("D?", "D", "Which?", FRUIT),
        ("G or D", "G", "Which?", ()),
        ("(G) or (D)", "G", "Which?", ()),
        ("G. No, D", "G", "Which?", ()),
        ("A: B", "A", "Which?", ()),
        ("(B)", "B", "Which letter?", ("B", "A")),
    ),
    "numbers among options": (
        ("-7", "7", "How many?", ("7", "12")),
        ("7 dozen", "7", "How many?", ("7", "12")),
        ("7 %", "7 km", "How far?", ("7 km", "12 km")),
    ),
    "yes that is taken back": (
        ("Yes. Wait, no.", "Yes", "Is it?", ()),
        ("Yes, but in fact no", "Yes", "Is it?", ()),
        ("Yes, it is not", "Yes", "Is it?", ()),
        ("yes: false", "Yes", "Is it?", ()),
        ("Yes, unless it rains", "Yes", "Is it?", ()),
        ("Yes? No way", "Yes", "Is it?", ()),
        ("No. Actually yes", "No", "Is it?", ()),
        ("No doubt", "No", "Is it?", ()),
        ("yes, no", "No", "Is it?", ()),
    ),
    "yes beside words that nothing accounts for": tuple(
        (answer, "Yes", "Is the lid teal?", ())
        for answer in (
            "Yes. I withdraw that.",
            "Yes. I take it back",
            "Yes. Scratch that",
            "Yes, that is a lie",
            "Yes, the lid is pink",
            "Yes, it fails to be teal",
            "Yes, it lacks teal",
            "Yes, said nobody",
            "Yes, one of them",
            "Yes, less so",
            "Yes, the other lid",
            "Yes\nI take that back",
            "Yes\n\nThe lid is pink",
        )
    ),
    "no beside words that affirm": tuple(
        (answer, "No", "Is the lid teal?", ())
        for answer in (
            "No, it is teal",
            "No, the lid is teal",
            "No, it is",
            "No. It does",
            "No, all of them are",
            "No, that is true",
            "No, it is not not teal",
            "No\n\nThe lid is teal.",
        )
    ),
    "yes that turns the question round": (
        ("Yes, the bar falls", "Yes", "Does the bar rise?", ()),
        ("Yes\n\nThe bar falls", "Yes", "Does the bar rise?", ()),
        ("Yes, the elm is taller than the oak", "Yes", "Is the oak taller than the elm?", ()),
        ("Yes, it has the lowest value", "Yes", "Does it have the highest value?", ()),
        ("Yes, it is much less", "Yes", "Is it more?", ()),
        ("Yes, right", "Yes", "Is it on the left?", ()),
    ),
    "words that make another number": (
        ("7 hundred", "7", "How many?", ()),
        ("7 dozen", "7", "How many?", ()),
        ("7 thousand million", "7000", "How many?", ()),
        ("7 tenths", "7", "How many?", ()),
        ("half of 36", "36", "How many?", ()),
        ("36 minus two", "36", "How many?", ()),
        ("36 short of it", "36", "How many?", ()),
        ("36 fewer people", "36", "How many people?", ()),
        ("nearly 36 thousand", "36", "How many?", ()),
        ("two three", "5", "How many?", ()),
        ("five and six", "11", "How many?", ()),
        ("2²", "2", "How many?", ()),
        ("√36", "36", "How many?", ()),
        ("10^4", "10", "How many?", ()),
        ("7 7", "7", "How many?", ()),
        ("half a million", "0.5", "How many?", ()),
        ("7 million", "7", "Of the 3 million guests, how many were late?", ()),
    ),
    "numbers that are taken back": (
        ("not 36", "36", "How many?", ()),
        ("It is 36? No, 37", "36", "How many?", ()),
        ("36, sorry 48", "36", "How many?", ()),
        ("36 or 48", "36", "How many?", ()),
        ("36 is wrong", "36", "How many?", ()),
        ("36?", "36", "How many?", ()),
        ("it would be 36 if it were lit", "36", "How many?", ()),
    ),
    "signs": (
        ("7", "-7", "What is the change?", ()),
        ("-7", "7", "What is the change?", ()),
        ("(7)", "7", "What is the net income?", ()),
        ("--7", "-7", "What is the change?", ()),
        ("Level -2", "Level 2", "Which level?", ()),
    ),
    "units": (
        ("€7", "7", "How many dollars is it?", ()),
        ("7 kg", "7", "How many pounds is it?", ()),
        ("7 km per hour", "7 km", "How far is it?", ()),
        ("7 square km", "7 km", "How large is it?", ()),
        ("It is 36 km", "36 kg", "How heavy is it?", ()),
        ("7 m", "7 million", "How tall is it?", ()),
        ("7 percentage points", "7%", "What was the change?", ()),
        ("300%", "3", "How many people?", ()),
        ("100%", "1", "How many people?", ()),
        ("1.4 million", "1.4 billion", "How many people?", ()),
        ("$10-$20", "€10-€20", "Which bracket?", ()),
        ("10-20 million", "10-20", "Which range?", ()),
        ("18-29 excluded", "18-29", "Which group?", ()),
    ),
    "shares": (
        ("less than half", "50%", "What share?", ()),
        ("over half", "50%", "What share?", ()),
        ("half of one percent", "50%", "What share?", ()),
        ("more than 1 in 5", "20%", "What share?", ()),
        ("1 in 5", "20", "How many people are there?", ()),
        ("1 in 5", "25%", "What share?", ()),
    ),
    "years": (
        ("2012 BC", "2012", "In which year?", ()),
        ("the year following 2012", "2012", "In which year?", ()),
        ("two years past 2012", "2012", "In which year?", ()),
        ("not 2012", "2012", "In which year?", ()),
        ("2010", "2012", "Sales peaked in?", ()),
        ("2010", "2012", "In which period were sales highest?", ()),
    ),
    "texts": (
        ("not Peru", "Peru", "Which?", ()),
        ("no table", "notable", "Which?", ()),
        ("re-sign", "resign", "Which?", ()),
        ("Malé", "Male", "Which?", ()),
        ("we're", "were", "Which?", ()),
        ("centre", "center", "Is it 'centre' or 'center'?", ()),
        ("Peru, not Chile", "[Peru, Chile]", "Which two?", ()),
        ("B; A", "[A; B]", "Name the first and then the second.", ()),
    ),
    "template tokens": tuple(
        (answer, "36", "How many?", ())
        for answer in (
            "36<|image_pad|>",
            "36<|im_end|>",
            "<image>36",
            "36</s>",
            "[INST] 36",
            "36\x00",
            "<think>36",
            "36<end_of_turn>",
            "36<｜end▁of▁sentence｜>",
        )
    ),
}

NEVER_INCORRECT: dict[str, tuple[Row, ...]] = {
    "right letters in sentences": tuple(
        (answer, "D", "Which fruit?", FRUIT)
        for answer in (
            "I would choose D.",
            "I'd go with D",
            "Definitely D",
            "The letter is D",
            "答案是D",
            "选D",
            "Antwort: D",
            "D, because of its shape",
            "D\n\nIt hangs on the left.",
            '["D"]',
            '{"answer": "D"}',
            "# D",
            "D/",
            "I weighed (A), but it is wrong. Final answer: D.",
            "the fourth one",
            "A grape",
        )
    ),
    "yes and no in other words": (
        ("It is.", "Yes", "Is it?", ()),
        ("Sure", "Yes", "Is it?", ()),
        ("Oui", "Yes", "Is it?", ()),
        ("1", "Yes", "Is it?", ()),
        ("Not at all", "No", "Is it?", ()),
        ("There is none, so no.", "No", "Is there one?", ()),
    ),
    "numbers in other forms": (
        ("a dozen", "12", "How many?", ()),
        ("XLII", "42", "How many?", ()),
        ("四十二", "42", "How many?", ()),
        ("twice", "2", "How many times?", ()),
        ("28.000", "28000", "How many?", ()),
        ("none", "0", "How many?", ()),
        ("nobody", "0", "How many?", ()),
        ("12 months", "1 year", "How long?", ()),
        ("5th", "5", "Which place?", ()),
        ("3 out of 4", "3", "How many of the 4?", ()),
        ("3/4", "3", "How many?", ()),
        ("(7)", "-7", "What is the net income?", ()),
        ("'12", "2012", "In which year?", ()),
        ("50 percent", "half", "What share?", ()),
    ),
    "texts in other forms": (
        ("中国", "China", "Which?", ()),
        ("Periscape", "Periscope", "Which?", ()),
        ("Women", "Woman", "Which?", ()),
        ("USA", "United States", "Which?", ()),
    ),
}

CORRECT: dict[str, tuple[Row, ...]] = {
    "signs and letters": (
        ("AA−", "AA-", "Which?", ()),
        ("O-", "O-", "Which?", ()),
        ("Vitamin A.", "vitamin A", "Which?", ()),
        ("It is a lion", "lion", "Which?", ()),
        ("the boy with a hat", "boy with hat", "Who?", ()),
        ("plan A", "Plan A", "Which?", ("Plan A", "Plan B")),
        ("- teal", "teal", "Which hue?", ()),
        ("**Sony**", "Sony", "Which?", ()),
    ),
    "options in the question's words": (
        ("The boy is left of the girl", "left", FACING, SIDES),
        ("left of the girl", "left", FACING, SIDES),
        ("It is on the left", "left", FACING, SIDES),
        ("The hen sees the fox", "hen", "Which one sees the fox?", ("hen", "owl")),
        ("The hue of the lid is teal", "teal", "What is the hue of the lid?", HUES),
    ),
    "options": (
        ("**Answer:** D", "D", "Which fruit?", FRUIT),
        (r"The final answer is $\boxed{D}$.", "D", "Which fruit?", FRUIT),
        (r"\text{D}", "D", "Which fruit?", FRUIT),
        ("D is the correct answer.", "D", "Which fruit?", FRUIT),
        ("Therefore, the answer is D.", "D", "Which fruit?", FRUIT),
        ("D - grape", "D", "Which fruit?", FRUIT),
        ("grape, option D", "D", "Which fruit?", FRUIT),
        ("The fruit is a grape", "grape", "Which fruit?", FRUIT),
        ("left", "A", "Is the cup left or right of the lamp?", LAMP),
    ),
    "yes and no": (
        ("yes。", "Yes", "Is it?", ()),
        ("Yes it is", "Yes", "Is it?", ()),
        ("Yes\n\nThe line is higher.", "Yes", "Is it?", ()),
        ("No, it is not", "No", "Is it?", ()),
        ("No, yes is wrong", "No", "Is it?", ()),
        ("Yes, the lid is teal", "Yes", "Is the lid teal?", ()),
        ("Yes, that's correct", "Yes", "Is the lid teal?", ()),
        ("Yes, indeed it is", "Yes", "Is the lid teal?", ()),
        ("No, the lid isn't teal", "No", "Is the lid teal?", ()),
        ("No, none of them", "No", "Are there any lids?", ()),
        ("Yes, it is more than half", "Yes", "Is it more than half?", ()),
    ),
    "numbers": (
        ("minus 7", "-7", "What is the change?", ()),
        ("negative seven", "-7", "What is the change?", ()),
        ("1 in 5", "20%", "What share?", ()),
        ("three out of four", "75%", "What share?", ()),
        ("half", "50%", "What share?", ()),
        ("two-thirds", "66.7%", "What share?", ()),
        ("nine in ten", "90", "What percentage is it?", ()),
        ("350 cents", "$3.50", "What is the price?", ()),
        ("7 percentage points", "7", "What percentage is it?", ()),
        ("2% of the adults", "2", "What share of the adults refused?", ()),
        ("= 36", "36", "How many?", ()),
    ),
    "texts": (
        ("Cote d'Ivoire", "Côte d'Ivoire", "Which?", ()),
        ("Sao Paulo", "São Paulo", "Which?", ()),
        ("Theatre", "Theater", "Which?", ()),
        ("Republicans", "Republican", "Which?", ()),
        ("U.S.", "US", "Which?", ()),
        ("E-mail", "email", "Which?", ()),
        ("It is Peru.", "Peru", "Which?", ()),
    ),
}
