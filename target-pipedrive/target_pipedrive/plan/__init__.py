"""Plans: the load itself, rehearsed.

rehearsal  a client that reads Pipedrive and answers writes itself
imagined   what the writes would have changed there
tally      what a load would send
notes      what it would do about each object
writer     writes into a rehearsal, and notes it
origins    which source fields feed which of Pipedrive's
survival   what cannot survive, and why
price      tokens, days, hours
account    the account's schema, and what moved since
content    the content of a plan
document   plan.json
page       plan.html
lines      what a person reads at the end
session    a run that plans
guard      a load that wants a plan
schema     a run that makes what a plan foresaw of custom fields, options and activity types
"""
