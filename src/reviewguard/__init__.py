"""reviewguard: finds seller messages that break marketplace rules on customer reviews, and shows the words.

>>> import reviewguard
>>> guard = reviewguard.load()
>>> guard("Leave us 5 stars and we will send you a gift card.").verdict
'review-soliciting'
"""

from __future__ import annotations

from reviewguard.errors import ConfigError, InputError, ModelError, UserError
from reviewguard.inference.classifier import Classifier
from reviewguard.inference.model_folder import load
from reviewguard.inference.templates import check_template
from reviewguard.policy import Policy, PolicyEntry, Profile, load_policy
from reviewguard.readers.markup import html_to_text
from reviewguard.schema import Decision, Evidence, Message, Proof, Quote, TypeScore, Verdict
from reviewguard.settings import ProfileSettings, Settings

__version__ = "0.29.0"

__all__ = [
    "Classifier",
    "ConfigError",
    "Decision",
    "Evidence",
    "InputError",
    "Message",
    "ModelError",
    "Policy",
    "PolicyEntry",
    "Profile",
    "ProfileSettings",
    "Proof",
    "Quote",
    "Settings",
    "TypeScore",
    "UserError",
    "Verdict",
    "__version__",
    "check_template",
    "html_to_text",
    "load",
    "load_policy",
]
