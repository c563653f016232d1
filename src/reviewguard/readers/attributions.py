"""The lines that mail programs write above what they quote, in the languages that `quotequail` does not know."""

from __future__ import annotations

import re

_TIME = r"\d[:.]\d\d"
REPLY_HEADER = re.compile(rf"@|{_TIME}")
"""What such a line has: an address or a time."""

_ON = r"(?:On|Il|Le|El|Em|W dniu|(?:pon|wt|śr|czw|pt|sob|niedz)\.,)[ ]"
_WROTE = r"(?:ha scritto|napisał(?:a|\(a\))?|pisze|wrote|a écrit|escribió|escreveu)"
_COLON = "[ \u00a0\u202f]?[:：]"
_KNOWN = ("wrote:", "a écrit :", "escribió:", "escreveu:")
"""How lines end that `quotequail` knows, over two lines at most."""
_ATTRIBUTION = re.compile(
    rf"^[ \t]*(?P<who>{_ON}(?=.*\d).{{1,200}}(?:\n(?!{_ON}|>).{{1,200}}){{0,2}}?)\s{_WROTE}{_COLON}$",
    re.MULTILINE,
)
_ADDRESS = r"<\n?[^<>\s@]{1,100}@[^<>\s]{1,200}>"
_DATED = r"(?:\d{4}[年/]\d|Am[ ](?=.*\bschrieb\b))"
_ADDRESSED = re.compile(
    rf"^(?P<who>{_DATED}(?=.*{_TIME})[^<\n]{{1,200}}(?:\n(?!{_DATED})[^<\n]{{0,200}}){{0,2}}{_ADDRESS}"
    rf"|[^<>\n]{{0,200}}{_ADDRESS}\s(?:(?:schrieb|hat|wrote)[ ](?:am|on)[ ]|[于於])(?=.*{_TIME})[^<\n]{{1,100}}?)"
    rf"(?:[ ]?(?:さん)?(?:のメール|が書きました)|[ ]geschrieben|[ ]?[写寫]道)?{_COLON}$",
    re.MULTILINE,
)
"""Lines that need an address in angle brackets and a time to be told from a sentence."""
_HEADERS = re.compile(
    r"^(?:-{5,}(?:[^-\n]{1,30}-{5,})?\n)?"
    r"(?:Da|Od|Van|Fra|Från|Sender|差出人|送信元|发件人|寄件者)[:：][ ]?(?P<from>.*)\n"
    r"(?:Inviato|Data|Wysłano|Data wysłania|Verzonden|Datum|Sendt|Dato|Skickat|Sent At|送信日時|日時|日付"
    r"|发送时间|时间|日期|寄件日期)[:：][ ]?(?P<sent>.*)\n"
    r"(?:A|Do|Aan|Til|Till|To|Recipient|宛先|收件人|收件者)[:：][ ]?(?P<to>.*)\n"
    r"(?:(?:Cc|CC|DW|Kopi|抄送|副本)[:：].*\n)?"
    r"(?:Oggetto|Temat|Onderwerp|Emne|Ämne|Subject|件名|主[ \u3000]?题|主旨)[:：](?P<subject>.*)$",
    re.MULTILINE,
)
_ZOHOS = re.compile(
    rf"^[ ]?-{{2,5}}[ ](?P<who>On[ ](?=.*\d)(?=.*(?:{REPLY_HEADER.pattern})).{{1,250}})[ ]wrote[ ]-{{2,5}}$",
    re.MULTILINE,
)
_CHINESE = re.compile(
    rf"^(?P<who>(?:At[ ]|在[ ]?)\d{{4}}[^<\n]{{1,200}}(?:\n[^<\n]{{0,200}})?{_ADDRESS})"
    rf"(?:\swrote|\s?[写寫]道){_COLON}$",
    re.MULTILINE,
)
_ABOVE_ATTRIBUTION = re.compile(
    r"^-{3,}[ ]?Original Message[ ]?-{3,}\n+(?=On[ ].{1,200}[ ]wrote:$)", re.MULTILINE
)
"""A heading of Proton's, below which there are no headers."""
_NAME = (
    r"(?:Sent|Date|To|Cc|Bcc|Subject|Reply-To|Gesendet|Datum|An|Betreff|Envoyé|À|Objet|Enviado(?: el)?|Fecha|Para"
    r"|Asunto|Assunto)"
)
_UNPARTED = re.compile(
    rf"^(?:From|Von|De)[ ]?:[ ].+(?:\n{_NAME}[ ]?:.*){{2,5}}(?=\n(?!{_NAME}[ ]?:)[^\n])", re.MULTILINE
)
"""Headers with the words that they belong to right below, as where a program's empty line was lost."""
_FRENCH_COLON = re.compile(r"^(De|Envoyé|À|Cc|Objet)[\u00a0\u202f]:", re.MULTILINE)


def in_english(text: str) -> str:
    """The text with what stands above a quote as `quotequail` knows it: in English and on one line."""
    text = _FRENCH_COLON.sub(r"\1 :", text)
    text = _HEADERS.sub(r"From: \g<from>\nSent: \g<sent>\nTo: \g<to>\nSubject:\g<subject>\n", text)
    text = _UNPARTED.sub(r"\g<0>\n", text)
    text = _ABOVE_ATTRIBUTION.sub("", text)
    text = _ATTRIBUTION.sub(_attribution, text)
    for pattern in (_ZOHOS, _CHINESE, _ADDRESSED):
        text = pattern.sub(lambda match: _english(match["who"]), text)
    return text


def _attribution(match: re.Match[str]) -> str:
    known = match[0].count("\n") < 2 and match[0].endswith(_KNOWN)
    return match[0].lstrip() if known or not REPLY_HEADER.search(match["who"]) else _english(match["who"])


def _english(who: str) -> str:
    """Without commas: `quotequail` takes what stands behind the last one for the name."""
    return f"On -, {' '.join(who.replace(',', ' ').split())} wrote:"
