r"""An independent check: does Pipedrive hold what the clinic's records ask for?

It knows the default mapping in its own words and shares no code with the target, so that a mistake
in one is not a mistake in both. `compare` takes a dump of the sandbox and returns a `Report`:

    report = compare(dump, datetime.now(UTC), baseline=earlier["pipedrive"])
    print("\n".join(report.lines()))

How a record finds its counterpart: a person by the custom field "Cliniko patient ID", a product by
"Cliniko ID", an activity by its line "Cliniko appointment", a note by its line "Cliniko treatment
note" and the part's number, a file by person, name and content, an activity type by its name.

Where the default mapping is exact the check is exact. It is tolerant where the mapping leaves a
detail open, and only there; each module's docstring says where. In short:

- the order of footer lines and how their values are worded around the facts they must hold;
- the set-up of questions, answers and options in a note, and the form of the "Written" time;
- what counts as a phone number that parses, and which country is tried after the patient's own;
- the order and separators of an address; a country alone may count as an address or not;
- case of enum options that come from the data;
- quoting and trimming in the CSV file;
- anything that depends on the time of the run, within ten minutes of it;
- an adopted person may keep the e-mails, phones, owner and creation time it had,
  and one that others were merged into there may bear their e-mails and phones.

What it cannot see: the bytes of a file the dump does not show (`Section.unverified` lists them)
and, without a baseline, rows that bear no marker of ours. A patient renamed after it was adopted no
longer matches its person by name: take a new baseline after such an edit.
"""

from __future__ import annotations

from sandbox.check.compare import compare
from sandbox.check.report import Difference, Report, Section

__all__ = ["Difference", "Report", "Section", "compare"]
