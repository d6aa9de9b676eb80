"""Invoices and what is sold. Fields, links and filters as in the official OpenAPI of Cliniko."""

from __future__ import annotations

from sandbox.cliniko.resource import Resource, resource

TABLES: tuple[Resource, ...] = (
    resource(
        "invoices",
        fields=(
            "archived_at calculation_method calculation_method_description closed_at created_at "
            "deleted_at discounted_amount invoice_to issue_date net_amount notes number "
            "online_payment_url patient_extra_information status status_description tax_amount "
            "total_amount updated_at"
        ),
        one=(
            "appointment:appointments attendee:attendees business:businesses "
            "original_invoice:invoices patient:patients practitioner:practitioners "
            "signature:signatures"
        ),
        many={
            "invoice_items": "/invoices/{id}/invoice_items",
            "reversed_invoices": "/invoices?q%5B%5D=invoice_id%3A%3D{id}",
        },
        filters=(
            "appointment_id:number archived_at:datetime attendee_id:number business_id:number "
            "closed_at:datetime created_at:datetime deleted_at:datetime id:number "
            "issue_date:date number:number original_invoice_id:number patient_id:number "
            "practitioner_id:number status:number updated_at:datetime"
        ),
        hides="archived_at deleted_at",
    ),
    resource(
        "invoice_items",
        columns={"source_item_id": "billable_item_id product_id"},
        fields=(
            "archived_at code concession_type_name created_at deleted_at discount_percentage "
            "discounted_amount is_monetary_discount name net_price quantity tax_amount tax_name "
            "tax_rate total_including_tax unit_price updated_at"
        ),
        one="billable_item:billable_items invoice:invoices product:products",
        filters=(
            "archived_at:datetime created_at:datetime deleted_at:datetime id:number "
            "invoice_id:number source_item_id:number updated_at:datetime"
        ),
        hides="archived_at deleted_at",
    ),
    resource(
        "billable_items",
        fields="archived_at created_at item_code item_type name price updated_at",
        one="tax:taxes",
        filters=(
            "archived_at:datetime created_at:datetime id:number tax_id:number updated_at:datetime"
        ),
        hides="archived_at",
    ),
    resource(
        "products",
        fields=(
            "archived_at cost_price created_at item_code name notes price_ex_tax "
            "price_including_tax product_supplier_name serial_number "
            "stock_level updated_at"
        ),
        one="product_supplier:product_suppliers tax:taxes",
        many={
            "stock_adjustments": "/stock_adjustments?q%5B%5D=product_id%3A%3D{id}",
        },
        filters=(
            "archived_at:datetime created_at:datetime id:number name:string tax_id:number "
            "updated_at:datetime"
        ),
        hides="archived_at",
    ),
    resource(
        "product_suppliers",
        fields="created_at name updated_at",
        filters="created_at:datetime id:number name:string updated_at:datetime",
    ),
    resource(
        "stock_adjustments",
        fields="adjustment_type archived_at comment created_at notes quantity updated_at",
        one="product:products user:users",
        filters=(
            "archived_at:datetime created_at:datetime id:number product_id:number "
            "updated_at:datetime"
        ),
        hides="archived_at",
    ),
    resource(
        "taxes",
        fields="amount created_at name rate updated_at",
        filters="created_at:datetime id:number updated_at:datetime",
    ),
    resource(
        "concession_prices",
        fields="created_at price updated_at",
        one="billable_item:billable_items concession_type:concession_types",
        filters=(
            "billable_item_id:number concession_type_id:number created_at:datetime id:number "
            "updated_at:datetime"
        ),
    ),
)
