"""The names of the small PIL that Monty offers: modules to import, constants to read, functions to call."""

NUMBERS = {"NEAREST": 0, "LANCZOS": 1, "ANTIALIAS": 1, "BILINEAR": 2, "BICUBIC": 3, "BOX": 4, "HAMMING": 5}
"""Constants of PIL.Image (and of its Resampling), as Pillow numbers them."""

FILTERS = (
    "BLUR",
    "CONTOUR",
    "DETAIL",
    "EDGE_ENHANCE",
    "EDGE_ENHANCE_MORE",
    "EMBOSS",
    "FIND_EDGES",
    "SHARPEN",
    "SMOOTH",
    "SMOOTH_MORE",
)
"""Constants of PIL.ImageFilter."""

FUNCTIONS = (
    "PIL.Image.open",
    "PIL.Image.new",
    "PIL.Image.blend",
    "PIL.Image.alpha_composite",
    "PIL.ImageDraw.Draw",
    "PIL.ImageEnhance.Brightness",
    "PIL.ImageEnhance.Color",
    "PIL.ImageEnhance.Contrast",
    "PIL.ImageEnhance.Sharpness",
    "PIL.ImageFilter.BoxBlur",
    "PIL.ImageFilter.GaussianBlur",
    "PIL.ImageFilter.MaxFilter",
    "PIL.ImageFilter.MedianFilter",
    "PIL.ImageFilter.MinFilter",
    "PIL.ImageFilter.UnsharpMask",
    "PIL.ImageFont.load_default",
    "PIL.ImageFont.truetype",
    "PIL.ImageOps.autocontrast",
    "PIL.ImageOps.equalize",
    "PIL.ImageOps.exif_transpose",
    "PIL.ImageOps.expand",
    "PIL.ImageOps.flip",
    "PIL.ImageOps.grayscale",
    "PIL.ImageOps.invert",
    "PIL.ImageOps.mirror",
)

MODULES = frozenset(
    {
        "PIL", "PIL.Image", "PIL.ImageDraw", "PIL.ImageEnhance", "PIL.ImageFilter", "PIL.ImageFont", "PIL.ImageOps",
        "base64", "collections", "copy", "dataclasses", "datetime", "decimal", "functools", "itertools", "json",
        "math", "os", "os.path", "pathlib", "random", "re", "sys", "time", "typing",
    }
)  # fmt: skip
"""Modules that code in Monty may import. Any other module needs CPython."""

ALREADY_HERE = frozenset({"__future__", "IPython", "tools", "warnings"})
"""Modules whose imports are dropped: their names are already bound, or mean nothing here."""
