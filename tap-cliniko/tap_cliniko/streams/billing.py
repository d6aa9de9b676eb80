"""What is sold, and what was billed. Cliniko's API has no payments."""

from __future__ import annotations

from tap_cliniko.sample.part import linked
from tap_cliniko.schemas import (
    ARCHIVED,
    DELETED,
    day,
    decimal,
    flag,
    link,
    record,
    stamp,
    text,
    whole,
)
from tap_cliniko.streams.base import ClinikoStream, IncrementalStream


class Taxes(ClinikoStream):
    """Taxes. Deleting one removes its row."""

    name = "taxes"
    schema = record(
        decimal("amount", "Same as rate."),
        text("name", "Name."),
        decimal("rate", "Percent."),
    )


class ConcessionTypes(ClinikoStream):
    """Groups of patients with prices of their own."""

    name = "concession_types"
    hidden = ("archived_at",)
    schema = record(text("name", "Name."), ARCHIVED)


class BillableItems(ClinikoStream):
    """Services and other things that are billed."""

    name = "billable_items"
    hidden = ("archived_at",)
    schema = record(
        text("item_code", "Code."),
        text("item_type", "Kind.", "Product", "Service", "Other"),
        text("name", "Name."),
        decimal("price", "Price."),
        link("tax", "Tax."),
        ARCHIVED,
    )


class ConcessionPrices(ClinikoStream):
    """Prices of billable items for a concession."""

    name = "concession_prices"
    schema = record(
        decimal("price", "Price."),
        link("billable_item", "What is billed."),
        link("concession_type", "The concession."),
    )


class Invoices(IncrementalStream):
    """Invoices. What was paid in part cannot be seen: such an invoice is open."""

    name = "invoices"
    hidden = ("archived_at", "deleted_at")
    patient_filter = "patient_id"
    sensitive = (text("online_payment_url", "Where it is paid, by whoever holds the address."),)
    schema = record(
        whole("calculation_method", "1 legacy, 2 tax exclusive, 3 tax inclusive."),
        text("calculation_method_description", "The same in words."),
        stamp("closed_at", "When it stopped being open."),
        decimal("discounted_amount", "Discount."),
        text("invoice_to", "Addressee, several lines."),
        day("issue_date", "Date on the invoice."),
        decimal("net_amount", "Total without tax."),
        text("notes", "Notes."),
        whole("number", "Number on the invoice."),
        text("patient_extra_information", "Text about the patient."),
        whole("status", "10 open, 20 paid, 30 closed, 40 open credit."),
        text("status_description", "Status.", "Open", "Paid", "Closed", "Open credit"),
        decimal("tax_amount", "Tax."),
        decimal("total_amount", "Total with tax."),
        link("appointment", "The individual appointment billed."),
        link("attendee", "The attendee billed."),
        link("business", "The place that bills."),
        link("original_invoice", "The invoice this one reverses."),
        link("patient", "The patient."),
        link("practitioner", "Who treated."),
        link("signature", "The signature; it cannot be read."),
        ARCHIVED,
        DELETED,
    )


class InvoiceItems(IncrementalStream):
    """Lines of invoices. Whose they are is said by the invoice."""

    name = "invoice_items"
    hidden = ("archived_at", "deleted_at")
    in_sample = linked(found_in="invoices", invoices="invoice_id")
    schema = record(
        text("code", "Code of the item when it was billed."),
        text("concession_type_name", "Concession by name."),
        decimal("discount_percentage", "Discount in percent."),
        decimal("discounted_amount", "Discount as an amount."),
        flag("is_monetary_discount", "Whether the amount counts, and not the percentage."),
        text("name", "Name."),
        decimal("net_price", "Price without tax."),
        decimal("quantity", "How many."),
        decimal("tax_amount", "Tax; superseded."),
        text("tax_name", "Tax by name."),
        decimal("tax_rate", "Tax in percent."),
        decimal("total_including_tax", "Total with tax."),
        decimal("unit_price", "Price of one."),
        link("billable_item", "What was billed; null for goods."),
        link("invoice", "The invoice."),
        link("product", "What was sold; null for services."),
        ARCHIVED,
        DELETED,
    )
