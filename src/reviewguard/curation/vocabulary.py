"""Word lists that curation asks about: what sounds like a review, a benefit, a happy buyer."""

from __future__ import annotations

import re

# What the bag-of-words baseline must do without: words of the ask, of praise and of review deals.
_REVIEW_WORDS = """
review reviews reviewed reviewing reviewer reviewers feedback feedbacks rate rated rates rating
ratings star stars starred score scores scored survey surveys testimonial testimonials recommend
recommendation opinion opinions comment comments satisfied satisfaction happy positive negative
honest experience thoughts post posted posting share write writing leave leaving remove delete
change update revise
"""
REVIEW_WORDS = frozenset(_REVIEW_WORDS.split())

_REVIEW = r"review\w*|feed-?back\w*|rat(?:e|ed|es|ing|ings)|stars?|starred"
REVIEW_ISH = re.compile(rf"\b(?:{_REVIEW})\b|[⭐★☆🌟]", re.IGNORECASE)

# What a filter on words would trip over; clean messages with one of these are hard negatives.
TRIGGER = re.compile(
    rf"\b(?:{_REVIEW}|positive|negative|happy|satisf\w+|gift ?cards?|refund\w*|surveys?|vouchers?|"
    r"coupons?|discounts?|opinions?|testimonials?|recommend\w*|scores?|cash ?back|rewards?|prizes?|"
    r"whatsapp|paypal|screenshots?|competitors?)\b|[⭐★☆🌟]",
    re.IGNORECASE,
)

# Words of an ask that does not say "review"; with REVIEW_ISH, what may still be an ask.
ASK_ISH = re.compile(
    REVIEW_ISH.pattern + r"|\b(?:opinions?|thoughts?|think|thought|experience\w*|surveys?|scores?|"
    r"hear from|tell|comments?|words?|testimonials?)\b",
    re.IGNORECASE,
)

# What may still be an ask where the marked words of one were taken out.
LEFT_ASK = re.compile(
    ASK_ISH.pattern + r"|\b(?:writ(?:e|es|ing|ten)|wrote|post(?:s|ed|ing)?|mention\w*|assess\w*|evaluat\w*|"
    r"reports?|pages?|links?|google)\b",
    re.IGNORECASE,
)

# A benefit, a deal or talk of what somebody wrote.
DEAL = re.compile(
    r"\b(?:free|gifts?|bonus|credit\w*|money|pay\w*|offer\w*|warrant\w*|guarantee\w*|venmo|"
    r"points?|worth|dollars?|pounds?|euros?|eur|codes?|deal|club|wrote|writ\w*|post\w*|shar\w+|chang\w*|"
    r"remov\w*|delet\w*|edit\w*|public\w*|win|wins|winners?|won|raffles?|draws?|prizes?|half price|on us|"
    r"on the house|presents?|treats?|price back|cheaper)\b|[$€£%\d]",
    re.IGNORECASE,
)

# With SATISFIED, TRIGGER, ASK_ISH and DEAL, what an inserted sentence must not say: a condition, an extra, a happy
# buyer, a plea, a threat, a link or a placeholder.
LOADED = re.compile(
    r"\b(?:if|unless|before|once|after|when|replac\w*|complain\w*|problems?|wrong|contact|let us|link|page|click|scan|"
    r"friends?|family|mention\w*|hear|help\w*|mean\w*|minute|please|would|could|you know|answer|expect|support|"
    r"lifetime|won't|must|never|kind of you|made (?:my|our) (?:day|week)|proud|compliment\w*|"
    r"extra|goodwill|takes? part|for nothing|reminders?|count(?:ing)? on)\b"
    r"|https?:|[{}\[\]<>]",
    re.IGNORECASE,
)

# A buyer's message with one of these may express satisfaction with the purchase.
SATISFIED = re.compile(
    r"\b(?:lov\w+|great\w*|good|best|nice\w*|perfect\w*|amaz\w+|awesome|beaut\w+|happy|glad|pleased|"
    r"thrilled|chuffed|excellent|fantastic|wonderful|brilliant|superb|delight\w+|enjoy\w*|thank\w*|thx|"
    r"cheers|ta|works?|working|worked|fits?|fine|super|lovely|cute|impress\w+|recommend\w*|better|like|"
    r"incredib\w*|fab\w*|outstanding|terrific|gorgeous|stunning|ador\w+|pleasure|magic\w*|yum\w*|"
    r"delicious|tasty|fun|cool|ideal|comf\w+|spot on|spotless|top|unreal|unbeliev\w*|flawless\w*|"
    r"liked|favou?rite|wow|obsessed|ace|sweet|solid|smooth\w*|quick\w*|fast|\w+iest|cutest|finest|"
    r"sweetest)\b|[😀-🙏❤♥👍👌🥰🤩🎉]|!",
    re.IGNORECASE,
)
