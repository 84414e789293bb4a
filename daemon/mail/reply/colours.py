"""Read colours as HTML and CSS write them, and tell how light they are."""

import re
from typing import Final

_HEX: Final = re.compile(r"#?([0-9a-f]{6})(?:[0-9a-f]{2})?|#([0-9a-f]{3})[0-9a-f]?")
_RGB: Final = re.compile(r"rgba?\((\d{1,3})[,\s]\s*(\d{1,3})[,\s]\s*(\d{1,3})(?:[\s,/]+[\d.%]{1,6})?\)")
_NAMES: Final = {
    "black": 0x000000, "white": 0xFFFFFF, "red": 0xFF0000, "green": 0x008000, "blue": 0x0000FF, "yellow": 0xFFFF00,
    "gray": 0x808080, "grey": 0x808080, "silver": 0xC0C0C0, "maroon": 0x800000, "navy": 0x000080, "purple": 0x800080,
    "orange": 0xFFA500, "teal": 0x008080, "lime": 0x00FF00, "aqua": 0x00FFFF, "cyan": 0x00FFFF, "fuchsia": 0xFF00FF,
    "magenta": 0xFF00FF, "olive": 0x808000, "brown": 0xA52A2A, "windowtext": 0x000000, "snow": 0xFFFAFA,
    "ivory": 0xFFFFF0, "whitesmoke": 0xF5F5F5, "ghostwhite": 0xF8F8FF, "floralwhite": 0xFFFAF0, "mintcream": 0xF5FFFA,
    "azure": 0xF0FFFF, "window": 0xFFFFFF, "lightyellow": 0xFFFFE0, "lightgray": 0xD3D3D3, "lightgrey": 0xD3D3D3,
}  # fmt: skip


def luminance(colour: str) -> float | None:
    """Return the relative luminance of a colour (WCAG 2.1), 0.0 for black to 1.0 for white; None if it is unknown."""
    value = _value(colour.strip().lower()[:60])
    if value is None:
        return None
    red, green, blue = (_linear((value >> shift & 0xFF) / 255) for shift in (16, 8, 0))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _value(colour: str) -> int | None:
    if colour in _NAMES:
        return _NAMES[colour]
    if match := _HEX.fullmatch(colour):
        return int(match[1] or "".join(2 * digit for digit in match[2]), 16)
    if match := _RGB.fullmatch(colour):
        red, green, blue = (min(int(part), 255) for part in match.groups())
        return red << 16 | green << 8 | blue
    return None


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - WCAG's figures
