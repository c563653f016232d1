import pytest
from tests.data.curation_helpers import located, message

from reviewguard.curation.privacy import check_privacy, find_private
from reviewguard.personal import passes_luhn


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("write to jo.doe@gmail.com, please", "email", "jo.doe@gmail.com"),
        ("via x1y2z3@marketplace.amazon.co.uk", "relay_address", "x1y2z3@marketplace.amazon.co.uk"),
        ("order 123-1234567-7654321 is out", "order_id", "123-1234567-7654321"),
        ("order 302 - 1234567 - 7654321 is out", "order_id", "302 - 1234567 - 7654321"),
        ("order 123 1234567 7654321", "order_id", "123 1234567 7654321"),
        ("order 123\u20111234567–7654321", "order_id", "123\u20111234567–7654321"),
        ("digital D01-1234567-7654321", "order_id", "D01-1234567-7654321"),
        ("(212) 867-5309", "phone", "(212) 867-5309"),
        ("212-867-5309", "phone", "212-867-5309"),
        ("+1 212 867 5309", "phone", "+1 212 867 5309"),
        ("+44 20 7123 4567", "phone", "+44 20 7123 4567"),
        ("020 7123 4567", "phone", "020 7123 4567"),
        ("(01865) 123456", "phone", "(01865) 123456"),
        ("+86 138 0013 8000", "phone", "+86 138 0013 8000"),
        ("call us on 867-5309 now", "phone", "call us on 867-5309"),
        ("+49 (0) 89 / 123 456 78", "phone", "+49 (0) 89 / 123 456 78"),
        ("card 4111 1111 1111 1111", "card", "4111 1111 1111 1111"),
        ("pay to DE89 3704 0044 0532 0130 00", "iban", "DE89 3704 0044 0532 0130 00"),
        ("see https://my-shop.xyz/a?b=1", "url", "https://my-shop.xyz/a?b=1"),
        ("see bit.ly/3abc", "url", "bit.ly/3abc"),
        ("message wa.me/15551234567", "url", "wa.me/15551234567"),
        ("amazon.com/dp/B01ABCDEFG", "url", "amazon.com/dp/B01ABCDEFG"),
        ("etsy.com/review?asin=B07XJ8C8F5", "url", "etsy.com/review?asin=B07XJ8C8F5"),
        ("at 01555 501234", "phone", "01555 501234"),
        ("see www.lampenhaus.nl", "url", "www.lampenhaus.nl"),
        ("on www.lampara.com.mx/r now", "url", "www.lampara.com.mx/r"),
        ("lampenhaus.ch/gutschein", "url", "lampenhaus.ch/gutschein"),
        ("shop.xyz/club", "url", "shop.xyz/club"),
        ("mobil 079 123 45 67", "phone", "079 123 45 67"),
    ],
)
def test_real_looking_details_are_found_with_their_place(text: str, kind: str, value: str) -> None:
    (found,) = find_private(text)
    assert (found.kind, found.value) == (kind, value)
    assert text[found.start : found.end] == value


@pytest.mark.parametrize(
    "text",
    [
        "help@example.com, team@support.example.org, a@shop.test, b@c.invalid",
        "order 999-1234567-7654321, 999 - 1234567 - 7654321",
        "555-0123, (212) 555-0199, +1 555-0100, 1-800-555-0142, WhatsApp +1 212 555 0155",
        "WhatsApp +1 555-0117 4 pcs only",
        "01632 960123, +44 1632 960 171, 07700 900123, (01632) 960999, 01632 960xxx",
        "card 4111 1111 1111 1112, tracking 9400 1000 0000 0000 0000 00, 1Z999AA10123456784",
        "https://example.com/r/1?x=2, www.example.org, shop.example/review, amazon.com, Etsy.com.",
        "https://www.amazon.com/review/create-review?asin=XXXXXXXXXX",
        "https://www.amazon.com/review/create-review?ie=UTF8&asin=XXXXXXXXXX&x=1 amazon.com/review/create-review?asin=",
        "$1,299.00 on 2026-11-22 at 10:30, 30 x 40 x 1200 mm, sizes 38-40, 12/11/2026",
        "{{shop}}.com, {{review_link}}, https://{{link}}, %s, [link], me: x.y",
        "let us know.It is here.So are we.Me too. part no 123-4567",
    ],
)
def test_fictitious_details_and_plain_numbers_are_none(text: str) -> None:
    assert find_private(text) == []


def test_issues_name_field_and_place() -> None:
    item = message("fine", previous="my mail is a@b.com")
    (issue,) = check_privacy(located(item))
    assert (issue.field, issue.rule) == ("previous", "privacy:email")
    assert issue.message == "'a@b.com' at 11–18"


def test_luhn_checksum() -> None:
    # The worked example of the algorithm's usual description.
    assert passes_luhn("79927398713")
    assert not passes_luhn("79927398710")


def test_the_product_is_looked_at() -> None:
    (issue,) = check_privacy(located(message("fine", product="mug for a@b.com")))
    assert (issue.field, issue.rule) == ("product", "privacy:email")
