"""A sample of a clinic: a few patients, chosen for variety, with all that belongs to them.

part.py        how much of a list belongs to a sample (said by each stream)
variety.py     what makes a patient worth having in it
choice.py      where to look for such patients, and which of them to take
references.py  what a row leads to
closure.py     reading what hangs on the chosen ones and what they lead to
sample.py      the whole of it, as the streams see it
"""
