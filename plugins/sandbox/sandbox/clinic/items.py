"""What the clinic sells and offers: taxes, items, products, appointment types, opening hours."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.cliniko.state import stamp

if TYPE_CHECKING:
    from sandbox.clinic.builder import Builder
    from sandbox.clinic.practice import Practice
    from sandbox.cliniko.resource import Row

# name, code, kind, price, index of its tax or None, archived
_BILLABLE = (
    ("Initial consultation", "IC01", "Service", "120.0", 1, False),
    ("Standard consultation", "SC01", "Service", "85.0", 1, False),
    ("Long consultation", "LC01", "Service", "140.5", 1, False),
    ("Report writing", "", "Other", "60.0", 0, False),
    ("Group class", "GC", "Service", "22.0", 0, False),
    ("Telehealth consultation", "TH01", "Service", "79.95", None, False),
    ("Home visit surcharge (2019)", "HV", "Service", "35.0", 0, True),
)
# name, code, serial number, price without tax, price with tax, index of tax, archived
_PRODUCTS = (
    ("Foam roller", "FR-45", None, "36.3545", "39.99", 0, False),
    ("Resistance band (medium)", None, "RB-M-0091", "12.5", "13.75", 0, False),
    ("Orthotic insoles, pair", "ORT-2", "SN-88120", None, "180.0", 1, False),
    ("Massage oil 250 ml", "", None, "18.0", "19.8", 0, False),
    ("Heat pack (discontinued)", "HP", None, "15.0", "16.5", 0, True),
    ("Gift voucher", None, None, "100.0", "100.0", None, False),
)
# name, category, minutes, most attendees, archived
_TYPES = (
    ("Initial consultation", "Physiotherapy", 60, 1, False),
    ("Standard consultation", "Physiotherapy", 30, 1, False),
    ("Follow up", "Physiotherapy", 30, 1, False),
    ("Massage", "Massage", 45, 1, False),
    ("Psychology session", "Psychology", 50, 1, False),
    ("Telehealth", "Psychology", 30, 1, False),
    ("Podiatry assessment", "Podiatry", 40, 1, False),
    ("Call", "Admin", 15, 1, False),
    ("Follow Up", "Physiotherapy", 20, 1, True),
    ("Home visit & assessment", "Physiotherapy", 75, 1, True),
    ("Pilates (group)", "Classes", 60, 8, False),
    ("Falls prevention class", "Classes", 45, 12, False),
)
# type, item, quantity, monetary discount or None for a percentage, amount
_TYPE_ITEMS: tuple[tuple[int, int, str, bool | None, str | None], ...] = (
    (0, 0, "1.0", None, None),
    (1, 1, "1.0", None, "10.0"),
    (2, 1, "1.0", True, "15.0"),
    (3, 2, "1.0", False, "12.5"),
    (4, 2, "1.0", None, None),
    (4, 3, "2.0", True, "5.0"),
    (5, 5, "1.0", None, None),
    (9, 6, "1.0", None, None),
    (9, 1, "1.0", None, None),
    (10, 4, "1.0", None, None),
)
_TYPE_PRODUCTS: tuple[tuple[int, int, str, bool | None, str | None], ...] = (
    (6, 2, "1.0", False, "33.3"),
    (3, 3, "0.5", None, None),
    (0, 4, "1.0", None, None),
    (10, 1, "3.0", True, "1.25"),
)
SINCE_DAYS = 2500


def build(b: Builder, practice: Practice) -> None:
    """Add the catalogue of the practice to the account."""
    _taxes(b, practice)
    _billable_items(b, practice)
    _products(b, practice)
    _types(b, practice)
    _joins(b, practice)
    _offers(b, practice)
    _blocks(b, practice)


def _taxes(b: Builder, practice: Practice) -> None:
    for name, rate in (("GST", "10.0"), ("GST Free", "0.0"), ("GST (NZ)", "15.0")):
        practice.taxes.append(b.add("taxes", b.ago(SINCE_DAYS), name=name, rate=rate, amount=rate))


def _billable_items(b: Builder, practice: Practice) -> None:
    for number, (name, code, kind, price, tax, archived) in enumerate(_BILLABLE):
        since = b.ago(SINCE_DAYS - 250 * number)
        practice.billable_items.append(
            b.add(
                "billable_items",
                since,
                since + timedelta(days=20),
                name=name,
                item_code=code,
                item_type=kind,
                price=price,
                tax_id=None if tax is None else practice.taxes[tax]["id"],
                archived_at=stamp(b.ago(800)) if archived else None,
            )
        )


def _products(b: Builder, practice: Practice) -> None:
    supplier = b.add("product_suppliers", b.ago(SINCE_DAYS), name="Tallow & Pine Supplies")
    for number, (name, code, serial, net, gross, tax, archived) in enumerate(_PRODUCTS):
        since = b.ago(SINCE_DAYS - 300 * number)
        product = b.add(
            "products",
            since,
            since + timedelta(days=9),
            name=name,
            item_code=code,
            serial_number=serial,
            price_ex_tax=net,
            price_including_tax=gross,
            cost_price="9.5" if number % 2 else None,
            notes="Keep dry." if number == 0 else "",
            stock_level=f"{7 * number}.0",
            tax_id=None if tax is None else practice.taxes[tax]["id"],
            product_supplier_id=supplier["id"] if number % 2 == 0 else None,
            product_supplier_name=supplier["name"] if number % 2 == 0 else None,
            archived_at=stamp(b.ago(700)) if archived else None,
        )
        practice.products.append(product)
        for kind, quantity in (
            ("Stock Purchase", "12.0"),
            ("Item Sold", "-3.0"),
            ("Damaged", "-1.5"),
        ):
            b.add(
                "stock_adjustments",
                since + timedelta(days=12),
                adjustment_type=kind,
                quantity=quantity,
                comment="" if kind == "Item Sold" else f"{kind} recorded at the desk",
                product_id=product["id"],
                user_id=practice.users["desk"]["id"],
            )


def _types(b: Builder, practice: Practice) -> None:
    for number, (name, category, minutes, most, archived) in enumerate(_TYPES):
        since = b.ago(SINCE_DAYS - 180 * number)
        row = b.add(
            "appointment_types",
            since,
            since + timedelta(days=40),
            name=name,
            category=category,
            duration_in_minutes=minutes,
            max_attendees=most,
            color=f"#{(number * 1234567) % 0xFFFFFF:06X}",
            description=f"{minutes} minutes" if number % 3 else "",
            appointment_reminder_template_ids=[str(70001 + number), "70100"],
            appointment_confirmation_template_ids=[str(71001 + number)],
            appointment_follow_up_template_ids=[] if number % 2 else [str(72001 + number)],
            show_in_online_bookings=not archived,
            online_bookings_lead_time_hours=24 if number % 2 else 2,
            online_payments_enabled=number == 0,
            online_payments_mode="deposit_required" if number == 0 else None,
            deposit_price="25.0" if number == 0 else None,
            add_deposit_to_account_credit=False,
            telehealth_enabled=name == "Telehealth",
            archived_at=stamp(b.ago(600)) if archived else None,
        )
        if most > 1:
            practice.group_types.append(row)
        elif archived:
            practice.old_types.append(row)
        else:
            practice.types.append(row)


def _joins(b: Builder, practice: Practice) -> None:
    names = [name for name, *_ in _TYPES]
    types: dict[int, Row] = {
        names.index(row["name"]): row
        for row in (*practice.types, *practice.old_types, *practice.group_types)
    }
    for table, column, items, pairs in (
        ("appointment_type_billable_items", "billable_item", practice.billable_items, _TYPE_ITEMS),
        ("appointment_type_products", "product", practice.products, _TYPE_PRODUCTS),
    ):
        for kind, item, quantity, monetary, amount in pairs:
            target = items[item]["id"]
            b.add(
                table,
                b.ago(1200),
                quantity=quantity,
                is_monetary_discount=monetary,
                discounted_amount=amount if monetary else None,
                discount_percentage=amount if not monetary else None,
                appointment_type_id=types[kind]["id"],
                **{f"{column}_id": target},
            )
            b.state.change("appointment_types", types[kind]["id"], **{f"{column}_id": target})


def _offers(b: Builder, practice: Practice) -> None:
    number = 0
    for place in practice.businesses:
        offered = [*practice.types, *practice.group_types]
        b.state.change(
            "businesses", place["id"], appointment_type_ids=[str(row["id"]) for row in offered]
        )
        for kind in offered:
            number += 1
            staff = [row["id"] for row in practice.active if b.chance(0.6)]
            b.state.put(
                "services",
                {
                    "id": number,
                    "appointment_type_id": kind["id"],
                    "business_id": place["id"],
                    "practitioner_ids": staff or [practice.active[0]["id"]],
                },
            )
    for person in practice.practitioners:
        kind = b.pick(practice.types)
        b.state.change("practitioners", person["id"], default_appointment_type_id=kind["id"])


def _blocks(b: Builder, practice: Practice) -> None:
    kinds = [
        b.add(
            "unavailable_block_types",
            b.ago(2000),
            name=name,
            color="#777777",
            duration_in_minutes=minutes,
            system_controlled=built_in,
        )
        for name, minutes, built_in in (("Lunch", 60, True), ("Meeting", 30, False))
    ]
    for person in practice.active:
        place = b.pick(practice.businesses)
        both = {"business_id": place["id"], "practitioner_id": person["id"]}
        start = b.ago(30).replace(hour=22, minute=0, second=0)
        b.add(
            "availability_blocks",
            b.ago(400),
            starts_at=stamp(start),
            ends_at=stamp(start + timedelta(hours=8)),
            repeat_rule={"number_of_repeats": 52, "repeat_type": "Weekly", "repeating_interval": 1},
            **both,
        )
        for day in range(1, 6):
            b.add(
                "daily_availabilities",
                b.ago(400),
                day_of_week=day,
                availabilities=[{"starts_at": "08:00", "ends_at": "17:30"}],
                time_zone=place["time_zone"],
                time_zone_identifier=place["time_zone_identifier"],
                **both,
            )
        for number in range(3):
            at = (b.ago(20 - 9 * number)).replace(hour=2, minute=0, second=0)
            b.add(
                "unavailable_blocks",
                b.ago(60),
                starts_at=stamp(at),
                ends_at=stamp(at + timedelta(hours=1)),
                notes="" if number else "Team lunch",
                unavailable_block_type_id=kinds[number % 2]["id"],
                archived_at=stamp(b.ago(25)) if number == 0 else None,
                **both,
            )
