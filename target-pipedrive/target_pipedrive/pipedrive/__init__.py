"""Everything that knows Pipedrive's HTTP.

registry         operations with their prices, objects with their keys
limits           bursts, searches, the day's tokens
client           one request: sent, repeated where that is safe, its failure told apart
answers          what an answer means, and what of it may be repeated in an error
encoding         JSON bodies with exact decimals
api              objects: create, update, delete, read, upload, merge
values           custom field values between our shapes and v2's
fields           labels → hash keys; makes missing fields and options once
activity_types   names → key strings; makes missing types once
files            multipart bodies, streamed
users            the account, its users
recover          looks before a write of unknown outcome is repeated

Only `client` imports the HTTP library.
"""
