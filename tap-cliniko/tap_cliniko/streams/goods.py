"""Goods: what is for sale, from whom it comes, and how much is in stock."""

from __future__ import annotations

from tap_cliniko.sample.part import LEFT_OUT
from tap_cliniko.schemas import ARCHIVED, decimal, link, record, text
from tap_cliniko.streams.base import ClinikoStream, IncrementalStream


class ProductSuppliers(ClinikoStream):
    """Suppliers of goods."""

    name = "product_suppliers"
    schema = record(text("name", "Name."))


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


class StockAdjustments(IncrementalStream):
    """Changes of the stock of goods."""

    name = "stock_adjustments"
    hidden = ("archived_at",)
    in_sample = LEFT_OUT
    schema = record(
        text(
            "adjustment_type",
            "Why.",
            "Correction",
            "Damaged",
            "Item Sold",
            "Other",
            "Out of Date",
            "Returned",
            "Stock Purchase",
        ),
        text("comment", "Comment."),
        text("notes", "Notes."),
        decimal("quantity", "How many more, or with a minus sign fewer."),
        link("product", "The goods."),
        link("user", "Who entered it."),
        ARCHIVED,
    )
