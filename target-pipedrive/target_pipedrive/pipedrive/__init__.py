"""Everything that knows Pipedrive's HTTP.

operations       requests with their prices
registry         objects with their keys
names            pipelines, stages and labels by name
deal_products    lines of deals, many at once
limits           bursts, searches, the day's tokens
client           one request: sent, repeated where that is safe, its failure told apart
transport        one request over HTTP, sent once
credentials      by what Pipedrive knows who asks
oauth            access tokens of an OAuth app, renewed in time
tokenfile        the file that keeps them
address          what an account's address may be
answers          what an answer means, and what of it may be repeated in an error
encoding         JSON bodies with exact decimals
api              objects: create, update, delete, read, upload, merge
schema           custom fields, options, labels, pipelines, stages
paging           lists that come page by page
deleting         what may be gone already
values           custom field values between our shapes and the API's
choosing         which field a label means, and whether there is room for more
bound            a custom field with its options
fields           labels → hash keys; makes missing fields and options once
activity_types   names → key strings; makes missing types once
files            multipart bodies, streamed
users            the account, its users
traces           by what is told whether somebody changed a row since
settle           makes things exactly once
lines            HTML read as lines of text

Only `transport` imports the HTTP library.
"""

from target_pipedrive.pipedrive.activity_types import ActivityType, ActivityTypes
from target_pipedrive.pipedrive.answers import Answer
from target_pipedrive.pipedrive.api import Pipedrive
from target_pipedrive.pipedrive.client import Client
from target_pipedrive.pipedrive.fields import BindingStore, Fields
from target_pipedrive.pipedrive.limits import Limits
from target_pipedrive.pipedrive.names import Names
from target_pipedrive.pipedrive.objecttype import Kind, ObjectType
from target_pipedrive.pipedrive.operations import Operation
from target_pipedrive.pipedrive.registry import OBJECTS, OPERATIONS, PARENTS
from target_pipedrive.pipedrive.users import Account, User

__all__ = [
    "OBJECTS",
    "OPERATIONS",
    "PARENTS",
    "Account",
    "ActivityType",
    "ActivityTypes",
    "Answer",
    "BindingStore",
    "Client",
    "Fields",
    "Kind",
    "Limits",
    "Names",
    "ObjectType",
    "Operation",
    "Pipedrive",
    "User",
]
