"""Prints cards for writers: a product, a sender, a moment, a register and a length, drawn by a seed.

    python scripts/writing_cards.py --count 350 --seed 41 > cards.txt

One message (or one pair) is written to each card, so that a brief of hundreds does not circle around the same few
goods, people and lengths. A card proposes; where it does not fit the brief, the writer bends it.
"""

from __future__ import annotations

import random
from typing import Annotated

import typer

PRODUCTS = """air fryer; phone case; yoga mat; dog harness; cat fountain; baby monitor; stroller fan; bunk bed; desk lamp; gaming
chair; mechanical keyboard; ink cartridges; e-reader cover; hiking socks; rain jacket; wedding dress; leather belt; silver ring; hair
dryer; beard oil; face serum; vitamin gummies; protein powder; green tea; coffee beans; olive oil; hot sauce; chocolate box; wine
rack; cutlery set; cast-iron pan; knife sharpener; vacuum robot; steam mop; shower head; towel set; duvet; blackout curtains; wall
clock; picture frame; house plant; seed packets; garden hose; lawn mower blade; patio heater; bird feeder; aquarium filter; chicken
coop; horse rug; bicycle lock; car floor mats; dash camera; motorbike gloves; roof box; fishing reel; tent; sleeping bag; headlamp;
ski goggles; football boots; golf balls; darts; board game; jigsaw; model train; building blocks; doll house; school bag; fountain
pen; planner; sketchbook; acrylic paint; sewing machine; knitting wool; guitar strings; digital piano; microphone; headphones; smart
watch; USB hub; solar charger; light bulbs; door bell camera; thermostat; water softener; drill; sanding discs; tile adhesive; paint
roller; ladder; safety boots; first-aid kit; blood-pressure monitor; walking stick; hearing-aid batteries; reading glasses; contact
lenses; night guard; breast pump; nappies; costume; balloons; greeting cards; gift basket; candles; incense; prayer beads; cookbook;
second-hand novel; vinyl record; trading cards; coin; postage stamps; antique chair; printed mug; custom sticker; phone repair; car
valet; plumber visit; window cleaning; house cleaner; piano lessons; language course; driving school; dental check; physiotherapy;
barber; nail studio; restaurant table; pizza delivery; hotel room; holiday flat; camp site; airport transfer; museum ticket; escape
room; boat trip; photo session; wedding DJ; tax software; invoice app; habit-tracker app; sleep app; puzzle game; WordPress plugin;
shop theme; browser add-on; VPN; web hosting; mobile contract; internet router; energy contract; car insurance; bank account; parcel
service; moving firm; self-storage; job portal; tutoring; dating app; recipe box; flower subscription; dog walker; pet insurance;
garage for cars; tyre change; roof repair; solar panels; kitchen fitting; mattress; sofa; office chair; printer; projector""".split(";")
SENDERS = """one-woman shop; large marketplace seller; brand's support desk; factory abroad; family business; start-up founder;
drop-shipper; warehouse clerk; franchise branch; evening-shift agent; outsourced call centre; automatic mail system; plugin author;
game studio; host of a flat; tradesman; clinic reception; second-hand dealer; charity shop; club secretary; delivery driver; product
manager; community manager; returns department; new employee; owner in person; chat bot with a name; regional distributor; craftsman
on a fair; student helper""".split(";")
MOMENTS = """right after the order; on the day of delivery; a week after delivery; a month later; after a late parcel; after a wrong
item; after a broken item; after a refund; after a replacement; after a good review; after a middling review; after a bad review; after
the buyer's thanks; after the buyer's complaint; after a long silence; before dispatch; while a claim is open; after a how-to
question; after a cancellation; at the end of a chat; as a leaflet in the box; as a pop-up; on a receipt; as the third mail of a
series; as an answer to a question about reviews; at renewal; at a holiday; after a second order; after a warranty case; after a
visit""".split(";")
REGISTERS = """chat; chat; template; template; non_native; terse; insert; formal; letter; typo_emoji; button""".split(";")
LENGTHS = """one line; one line; two sentences; two sentences; three sentences; a paragraph; two paragraphs; a letter of 120 words or
more""".split(";")


def main(
    count: Annotated[int, typer.Option(min=1, help="How many cards.")] = 350,
    seed: Annotated[int, typer.Option(help="Another seed, other cards.")] = 13,
) -> None:
    """Print the cards, numbered, one a line."""
    rng = random.Random(seed)
    for number in range(1, count + 1):
        drawn = (rng.choice(deck) for deck in (PRODUCTS, SENDERS, MOMENTS, REGISTERS, LENGTHS))
        print(f"{number:3} | " + " | ".join(" ".join(part.split()) for part in drawn))


if __name__ == "__main__":
    typer.run(main)
