"""What the command line offers besides loading."""

from __future__ import annotations

from target_pipedrive.commands.audit import audit
from target_pipedrive.commands.ledger import ledger
from target_pipedrive.commands.oauth import oauth
from target_pipedrive.commands.rejects import rejects
from target_pipedrive.commands.resend import resend
from target_pipedrive.commands.rollback import rollback
from target_pipedrive.commands.schema import schema
from target_pipedrive.commands.watch import watch

__all__ = ["COMMANDS"]

COMMANDS = (rejects, ledger, audit, oauth, schema, resend, rollback, watch)
"""Each is a subcommand of `target-pipedrive`."""
