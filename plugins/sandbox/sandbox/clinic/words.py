"""Words the synthetic clinic is made of. Every person, company and number in here is invented.

Phone numbers come from ranges set aside for fiction, mail addresses from domains reserved for
examples.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    "Olivia Noah Amelia Leo Isla Jack Mia Henry Ava Oscar Grace Lucas Harper Levi Zoe Ethan "
    "Ruby Max Chloe Archer Ella Theo Matilda Hugo Evie Finn Sophie Arlo Lily Mason Hazel Eli "
    "Ivy Samuel Freya Angus Poppy Darcy Nora Felix Priya Arjun Mei Wei Aisha Omar Fatima "
    "Yusuf Elena Marco Ingrid Lars Margaret Kenneth Dorothy Walter Beryl Trevor Shirley "
    "Desmond"
)

LAST_NAMES = _words(
    "Hartley Nguyen Whitford Patel Okafor Brennan Castellano Dimitriou Ellery Fairweather "
    "Gallagher Haddad Ivanov Jessop Kowalski Lindqvist Marchetti Novak Osborne Pemberton "
    "Quigley Rosenthal Sandhu Thistleton Underhill Vance Wetherby Yilmaz Zhang Abernathy "
    "Birchall Colquhoun Drummond Eastwick Featherstone Goldsworthy Hargrave Inglewood Jardine "
    "Kirkbride Lockyer Merriweather"
)

TOWNS = (
    ("Fitzroy", "VIC", "3065"),
    ("Brunswick", "VIC", "3056"),
    ("Geelong", "VIC", "3220"),
    ("Fremantle", "WA", "6160"),
    ("Subiaco", "WA", "6008"),
    ("Newtown", "NSW", "2042"),
)
STREETS = ("Wattle Street", "Banksia Road", "Harbour Parade", "Old Mill Lane", "Station Street")
OCCUPATIONS = ("Teacher", "Nurse", "Carpenter", "Student", "Retired", "Software tester", "Chef", "")

AU_MOBILES = _words(
    "491570006 491570156 491570157 491570158 491570159 491570110 491570313 491570737 "
    "491571266 491571491 491571804 491572549 491572665 491572983 491573770 491573087 "
    "491574118 491574632 491575254 491575789 491576398 491576801 491577426 491577644 "
    "491578957 491578148 491578888"
)
"""National numbers (without the leading 0) that the Australian regulator keeps for fiction."""

REASONS = (
    (10, "Feeling Better"),
    (20, "Condition Worse"),
    (30, "Sick"),
    (31, "COVID-19 related"),
    (40, "Away"),
    (50, "Other"),
    (60, "Work"),
)
"""Codes and labels of `cancellation_reason` (Cliniko docs)."""

ALERTS = (
    "Allergic to latex",
    "Pacemaker fitted",
    "On blood thinners",
    "Penicillin allergy",
    "Type 1 diabetes",
    "Epilepsy \u2013 last seizure 2019",
    "High blood pressure",
    "Do not use heat packs <left shoulder>",
)

SENTENCES = (
    "Presented with lower back pain after lifting boxes.",
    "Range of motion improved since the last visit.",
    "Tender over the L4\u2013L5 segment, no radiation.",
    "Advised rest & ice, then graded return to running.",
    "Grip strength 28 kg < 32 kg on the other side.",
    "Home exercise programme reviewed: 3 \u00d7 12, twice a day.",
    "Sleeps through the night again; pain 2/10.",
    "Plan: two further sessions, then review with the GP.",
)
