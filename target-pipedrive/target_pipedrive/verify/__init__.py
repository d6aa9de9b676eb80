"""Reading back what was written: every mapped field of every record is held against its row.

A run in this mode is the load with another last room: the same records go through the same rules
with a copy of the ledger, and where the load writes an object, `checker` compares it.

session     the run
checker     in the writer's place
rows        Pipedrive's rows, read once by lists
holding     one object against its row, field by field
alike       two values, by kind
structure   two pieces of HTML
wording     values as a report shows them
scratch     rows and findings on disk, for as long as the run lasts
verdicts    what can be found
outcome     counts, and whether it is well
written     the result as JSON, CSV and page
"""
