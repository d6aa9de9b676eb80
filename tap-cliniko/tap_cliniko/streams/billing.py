"""What is sold, and what was billed. Cliniko's API has no payments."""

from __future__ import annotations

from tap_cliniko.schemas import (
    ARCHIVED,
    DELETED,
    day,
    decimal,
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


class Products(ClinikoStream):
    """Goods for sale."""

    name = "products"
    hidden = ("archived_at",)
    schema = record(
        decimal("cost_price", "Price paid."),
        text("item_code", "Code."),
        text("name", "Name."),
        text("notes", "Notes."),
        decimal("price_ex_tax", "Price without tax."),
        decimal("price_including_tax", "Price with tax."),
        text("product_supplier_name", "Supplier by name; superseded by product_supplier_id."),
        text("serial_number", "Serial number."),
        decimal("stock_level", "Pieces in stock."),
        link("product_supplier", "Supplier."),
        link("tax", "Tax."),
        ARCHIVED,
    )


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


class Invoices(IncrementalStream):
    """Invoices. What was paid in part cannot be seen: such an invoice is open."""

    name = "invoices"
    hidden = ("archived_at", "deleted_at")
    patient_filter = "patient_id"
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
