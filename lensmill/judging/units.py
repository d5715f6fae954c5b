"""Names of scales, currencies and units, in canonical (case-folded) form."""

from collections.abc import Mapping

SCALES: Mapping[str, float] = {
    **dict.fromkeys(("k", "thousand", "thousands", "tsd", "mille"), 1e3),
    **dict.fromkeys(("万", "萬", "만"), 1e4),
    **dict.fromkeys(("lakh", "lakhs"), 1e5),
    **dict.fromkeys(("m", "mn", "mio", "mln", "mil", "million", "millions"), 1e6),
    **dict.fromkeys(("crore", "crores"), 1e7),
    **dict.fromkeys(("億", "亿", "억"), 1e8),
    **dict.fromkeys(("b", "bn", "bln", "billion", "billions"), 1e9),
    **dict.fromkeys(("t", "tn", "trn", "trillion", "trillions"), 1e12),
}
"""The factor of a scale word or suffix (short scale, with Indian and East Asian words)."""

CURRENCIES: Mapping[str, str] = {
    **dict.fromkeys(("$", "us$", "us $", "usd", "u.s.$"), "usd"),
    **dict.fromkeys(("€", "eur"), "eur"),
    **dict.fromkeys(("£", "gbp"), "gbp"),
    **dict.fromkeys(("¥", "jpy"), "jpy"),
    **dict.fromkeys(("₹", "inr", "rs", "rs."), "inr"),
    **{
        sign: sign for sign in ("chf", "cny", "rmb", "krw", "sek", "nok", "dkk", "pln", "brl", "aud", "cad", "a$", "c$")
    },
    **{sign: sign for sign in ("₽", "₩", "₺", "₦", "₫", "฿", "₴", "₱", "₪", "r$")},
}
"""Currency signs and codes that may stand before a number."""

_MORE_UNITS = {
    "%": ("percent", "per cent", "percents", "pct", "percentage"),
    "pp": (
        "percentage point",
        "percentage points",
        "percent points",
        "pct points",
        "% points",
        "%-points",
        "percentage-points",
        "ppt",
    ),
    "cent": ("cents", "¢"),
    "usd": ("dollar", "dollars", "us dollar", "us dollars", "u.s. dollar", "u.s. dollars", "american dollars"),
    "eur": ("euro", "euros"),
    "gbp": ("pound", "pounds", "british pounds", "pounds sterling", "pound sterling"),
    "jpy": ("yen", "japanese yen"),
    "inr": ("rupee", "rupees", "indian rupees"),
    "km": ("kilometer", "kilometers", "kilometre", "kilometres", "kms"),
    "m": ("meter", "meters", "metre", "metres"),
    "cm": ("centimeter", "centimeters", "centimetre", "centimetres"),
    "mm": ("millimeter", "millimeters", "millimetre", "millimetres"),
    "mi": ("mile", "miles"),
    "ft": ("foot", "feet"),
    "in": ("inch", "inches"),
    "kg": ("kilogram", "kilograms", "kilo", "kilos", "kgs"),
    "g": ("gram", "grams"),
    "mg": ("milligram", "milligrams"),
    "lb": ("lbs",),
    "t": ("tonne", "tonnes", "metric ton", "metric tons", "metric tonnes"),
    "h": ("hour", "hours", "hr", "hrs"),
    "min": ("minute", "minutes", "mins"),
    "s": ("second", "seconds", "sec", "secs"),
    "d": ("day", "days"),
    "y": ("year", "years", "yr", "yrs", "years old"),
    "week": ("weeks",),
    "month": ("months",),
    "decade": ("decades",),
    "century": ("centuries",),
    "l": ("litre", "litres", "liter", "liters"),
    "ml": ("millilitre", "millilitres", "milliliter", "milliliters"),
    "kwh": ("kilowatt hours", "kilowatt-hours"),
    "mwh": ("megawatt hours", "megawatt-hours"),
    "gwh": ("gigawatt hours", "gigawatt-hours"),
    "twh": ("terawatt hours", "terawatt-hours"),
    "°c": ("degrees celsius", "celsius", "degrees c"),
    "°f": ("degrees fahrenheit", "fahrenheit", "degrees f"),
}

UNITS: Mapping[str, str] = {
    **CURRENCIES,
    **{unit: unit for unit in _MORE_UNITS},
    **{name: unit for unit, names in _MORE_UNITS.items() for name in names},
}
"""Every spelling of a known unit -> the unit."""

FACTORS: Mapping[str, tuple[str, float]] = {
    **{u: ("length", f) for u, f in {"km": 1e3, "m": 1.0, "cm": 1e-2, "mm": 1e-3, "mi": 1609.344}.items()},
    **{u: ("length", f) for u, f in {"ft": 0.3048, "in": 0.0254}.items()},
    **{u: ("mass", f) for u, f in {"t": 1e3, "kg": 1.0, "g": 1e-3, "mg": 1e-6, "lb": 0.45359237}.items()},
    **{u: ("time", f) for u, f in {"week": 604800.0, "d": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0}.items()},
    **{u: ("calendar", f) for u, f in {"month": 1.0, "y": 12.0, "decade": 120.0, "century": 1200.0}.items()},
    **{u: ("volume", f) for u, f in {"l": 1.0, "ml": 1e-3}.items()},
    **{u: ("money", f) for u, f in {"usd": 1.0, "cent": 1e-2}.items()},
    **{u: ("energy", f) for u, f in {"kwh": 1.0, "mwh": 1e3, "gwh": 1e6, "twh": 1e9}.items()},
}
"""Convertible units: the dimension that they measure, and their size in its base unit."""
