"""Dates as exports write them: ISO, month or day first, in words, since the epoch, or as Excel counts them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from reviewguard.schema import Cell

if TYPE_CHECKING:
    from dateutil.parser import parser

_NUMERIC = re.compile(r"\s*(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")
_LEADING_WORD = re.compile(r"\s*([^\W\d_]+)[.,\s]+(?=\w)")
_WORD = re.compile(r"[^\W\d_]+")
_NOTE = re.compile(r"\(([^()]*)\)$")
_GREENWICH = re.compile(r"\b(?:GMT|UTC)\s*(?=[+-]\d)")
_OFFSET_NAME = re.compile(r"(?<=[+-]\d{4}) [A-Z]{3,4}\s*$")
_EAST_ASIAN_DAY = re.compile(
    r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]"
    r"(?:\s?[(（]\w{1,3}[)）]|\s?(?:星期|周|週)\w|\s?[月火水木金土日]曜日?|\s?[월화수목금토일]요일)?"
)
"""With or without its weekday."""
_EAST_ASIAN_CLOCK = re.compile(
    r"\s*(上午|早上|凌晨|午前|오전|下午|中午|傍晚|晚上|午後|오후)?\s*"
    r"(\d{1,2})\s?[:時时시]\s?(\d{1,2})(?:\s?[:分분]\s?(\d{2}))?[分분秒초]?\s*$"
)
_MORNING = ("上午", "早上", "凌晨", "午前", "오전")
_COMPACT = re.compile(r"(\d{14})(?:\.0+)?")
_NUMBER = re.compile(r"\d+(\.\d+)?")
_EXCEL_START = datetime(1899, 12, 30)
_YEARS = range(1990, 2101)
_ZONES = {
    name: hours
    for hours, names in (
        (0, "UTC GMT WET"),
        (1, "BST WEST CET MEZ"),
        (2, "CEST MESZ EET"),
        (3, "EEST"),
        (5.5, "IST"),
        (9, "JST"),
        (10, "AEST"),
        (11, "AEDT"),
        (-4, "EDT"),
        (-5, "EST CDT"),
        (-6, "CST MDT"),
        (-7, "MST PDT"),
        (-8, "PST"),
    )
    for name in names.split()
}
"""Hours east of Greenwich."""
_REGIONS = {
    name: region
    for region, names in (
        ("America/Los_Angeles", "PT PACIFIC"),
        ("America/Denver", "MT MOUNTAIN"),
        ("America/Chicago", "CT CENTRAL"),
        ("America/New_York", "ET EASTERN"),
    )
    for name in names.split()
}
"""Zones that have names of their own for summer and winter."""
_OFFSET = re.compile(r"(?:UTC|GMT)\s?([+-](?:1[0-4]|0?\d))(?::?([0-5]\d))?")

_MONTHS = (
    "jan january januar januari janvier gennaio enero jän gen ene janv sty stycznia styczeń oca ocak",
    "feb february februar februari février febbraio febrero fév févr lut lutego luty şub şubat",
    "mar march märz maart mars marzo mär mrz marca marzec mart",
    "apr april avril aprile abril avr abr kwi kwietnia kwiecień nis nisan",
    "may mai mei maggio mayo mag maj maja mayıs",
    "jun june juni juin giugno junio giu cze czerwca czerwiec haz haziran",
    "jul july juli juillet luglio julio juil lug lip lipca lipiec tem temmuz",
    "aug august augusti augustus août agosto ago sie sierpnia sierpień ağu ağustos",
    "sep september septembre settembre septiembre sept set wrz września wrzesień eyl eylül",
    "oct october oktober octobre ottobre octubre okt ott paź października październik eki ekim",
    "nov november novembre noviembre lis listopada listopad kas kasım",
    "dec december dezember décembre dicembre diciembre dez déc dic gru grudnia grudzień ara aralık",
)
"""January to December in English, German, Dutch, Swedish, French, Italian, Spanish, Polish and Turkish."""

_WEEKDAYS = (
    "mon monday mo montag lun lundi lunes lunedì lunedi ma maandag",
    "tue tues tuesday di dienstag mar mardi martes martedì martedi dinsdag",
    "wed wednesday mi mittwoch mer mercredi mié mie miércoles miercoles mercoledì mercoledi wo woensdag",
    "thu thur thurs thursday do donnerstag jeu jeudi jue jueves gio giovedì giovedi donderdag",
    "fri friday fr freitag ven vendredi vie viernes venerdì venerdi vr vrijdag",
    "sat saturday sa samstag sonnabend sam samedi sáb sab sábado sabado sabato za zaterdag",
    "sun sunday so sonntag dim dimanche dom domingo domenica zo zondag",
    "mån måndag tis tisdag ons onsdag tor tors torsdag fre fredag lör lördag sön söndag",
    "pon poniedziałek wt wtorek śr środa czw czwartek pt piątek sob sobota nd niedz niedziela",
    "pzt pazartesi sal salı çar çarşamba per perşembe cum cuma cmt cumartesi paz pazar",
)
"""Monday to Sunday in the same languages, whole and abbreviated."""

_BESIDE = ("um", "uhr", "h", "den", "de", "à", "le", "er", "alle", "kl", "o", "r")
"""What stands between day, month, year and time; Turkish has the weekday there."""

_MONTH_NAMES, _WEEKDAY_NAMES = (frozenset(" ".join(names).split()) for names in (_MONTHS, _WEEKDAYS))


def day_first(samples: Iterable[Cell]) -> bool | None:
    """Whether numeric dates begin with the day; None when the samples do not decide.

    A number above 12 decides. Without one, many different dates that lie closely together under one reading
    and far apart under the other (1 to 8 November, or the 11th of eight months) decide as well.
    """
    words = (_without_weekday(sample) for sample in samples if isinstance(sample, str))
    pairs = [(int(m[1]), int(m[3]), m[4]) for word in words if (m := _NUMERIC.match(word))]
    first = sum(a > 12 >= b for a, b, _ in pairs)
    second = sum(b > 12 >= a for a, b, _ in pairs)
    if first != second:
        return first > second
    by_month, by_day = _spread((y, a, b) for a, b, y in pairs), _spread((y, b, a) for a, b, y in pairs)
    if len(set(pairs)) < 5 or min(by_month, by_day) * 5 > max(by_month, by_day):
        return None
    return by_day < by_month


def _spread(dates: Iterable[tuple[str, int, int]]) -> int:
    days = [date(int(y) % 100 + 2000, m, d).toordinal() for y, m, d in dates if 1 <= m <= 12 and 1 <= d <= 28]
    return max(days) - min(days) if days else 0


def parse_date(value: Cell, *, day_first: bool | None = None, zone: tzinfo = UTC) -> datetime | None:
    """The moment, with its time zone; None where no whole date can be read.

    Args:
        day_first: how to read 03/11/2024; None takes slashes and hyphens month first, dots day first.
        zone: of a date that names none.
    """
    if value is None or isinstance(value, bool):
        return None
    text = _OFFSET_NAME.sub("", _western(str(value))).strip()
    try:
        if isinstance(value, datetime):
            return _plausible(value, zone)
        return _plausible(_iso(text) or _compact(text) or _counted(text) or _written(text, day_first), zone)
    except (ValueError, OverflowError, OSError):
        return None


def _western(text: str) -> str:
    """Day and clock of a Chinese, Japanese or Korean date in digits; other texts as they are."""
    day = _EAST_ASIAN_DAY.search(text)
    if not day:
        return text
    clock = _EAST_ASIAN_CLOCK.match(text, day.end())
    moment = f"{day[1]}-{day[2]}-{day[3]} "
    if not clock:
        return text[: day.start()] + moment + text[day.end() :]
    half = "" if not clock[1] or int(clock[2]) > 12 else " am" if clock[1] in _MORNING else " pm"
    return f"{moment}{clock[2]}:{clock[3]}:{clock[4] or '00'}{half}"


def other_day(value: Cell, *, day_first: bool | None) -> date | None:
    """The day of a numeric date that `parse_date` reads month first for want of a hint; None of any other date."""
    if day_first is not None or not isinstance(value, str) or not _NUMERIC.match(_without_weekday(value)):
        return None
    taken, other = parse_date(value), parse_date(value, day_first=True)
    return other.date() if taken and other and taken.date() != other.date() else None


def _plausible(moment: datetime | None, zone: tzinfo) -> datetime | None:
    if moment is None or moment.year not in _YEARS:
        return None
    moment.utcoffset()  # raises where an offset of a day or more was written
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _iso(text: str) -> datetime | None:
    if len(text) < 8 or (len(text) != 8 and text.isdigit()):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.year in _YEARS else None


def _compact(text: str) -> datetime | None:
    """Year to second in fourteen digits."""
    found = _COMPACT.fullmatch(text)
    return datetime.strptime(found[1], "%Y%m%d%H%M%S") if found else None


def _counted(text: str) -> datetime | None:
    """Seconds, milliseconds or microseconds since 1970, or Excel's days since 1900."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    if 25569 <= number < 73415:
        return _EXCEL_START + timedelta(days=number)
    for scale in (1, 1e3, 1e6):
        if 6e8 <= number / scale < 4.2e9:
            return datetime.fromtimestamp(number / scale, UTC)
    return None


def _written(text: str, day_first: bool | None) -> datetime | None:
    note = _NOTE.search(text)
    text = _without_weekday(_NOTE.sub("", text).rstrip())
    if not 6 <= len(text) <= 60 or _NUMBER.fullmatch(text):
        return None
    text = _GREENWICH.sub("", text)  # dateutil takes GMT+1 for an hour west
    numeric = _NUMERIC.match(text)
    first = numeric is not None and (numeric[2] == "." if day_first is None else day_first)
    found, again = (
        _parser().parse(text, default=default, dayfirst=first, tzinfos=_zone) for default in _DEFAULTS
    )
    if found != again:
        return None
    return found if found.tzinfo or not note else found.replace(tzinfo=_zone(note[1], None))


def _without_weekday(text: str) -> str:
    """The text after the name of a weekday; "mar." is one only where the month is still to come."""
    word = _LEADING_WORD.match(text)
    if not word or (name := word[1].lower()) not in _WEEKDAY_NAMES:
        return text
    rest = text[word.end() :]
    return text if name in _MONTH_NAMES and not _names_month(rest) else rest


def _names_month(text: str) -> bool:
    words = (word.lower() for word in _WORD.findall(text))
    return bool(_NUMERIC.match(text)) or not _MONTH_NAMES.isdisjoint(words)


_DEFAULTS = (datetime(2000, 1, 1), datetime(2001, 2, 2))
"""A text is read with either for what it lacks; where the results differ, day, month or year was lacking."""


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    from dateutil.tz import tzoffset

    if offset is None and name in _ZONES:
        offset = int(_ZONES[name] * 3600)
    return None if offset is None else tzoffset(name, offset)


def zone_named(name: str) -> tzinfo | None:
    """The time zone so called, as "PT", "Pacific time", "GMT+1" or "America/New_York"; None where none is known."""
    from dateutil.tz import gettz, tzoffset

    if offset := _OFFSET.fullmatch(name):
        hours, minutes = int(offset[1]), int(f"{offset[1][0]}{offset[2] or 0}")
        return tzoffset(name, timedelta(hours=hours, minutes=minutes))
    region = _REGIONS.get(name.upper().removesuffix(" TIME"), name)
    return _zone(name.upper(), None) or (gettz(region) if "/" in region else None)


@cache
def _parser() -> parser:
    from dateutil.parser import parser, parserinfo

    class Info(parserinfo):
        def __init__(self) -> None:
            self.MONTHS = cast(Any, [tuple(names.split()) for names in _MONTHS])
            self.JUMP = [*parserinfo.JUMP, *_BESIDE, *_WEEKDAY_NAMES - _MONTH_NAMES]
            super().__init__()

    return parser(Info())
