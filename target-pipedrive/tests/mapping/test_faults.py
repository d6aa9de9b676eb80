from __future__ import annotations

import pytest

from target_pipedrive.direct import OBJECT_KEYS
from target_pipedrive.errors import MappingError
from target_pipedrive.mapping import Options, load

HEAD = "stream: patients\nobject: person\n"
TOO_MANY = [f"o{number}" for number in range(10_001)]

# name: text of the file → the faults, without the folder
FAULTS = {
    "typo in a key": (
        HEAD + "feilds: {name: name}\n",
        [
            "1:1: the key 'fields' is missing; add `fields: …`",
            "3:1: unknown key 'feilds'; did you mean 'fields'?",
        ],
    ),
    "not YAML": (
        HEAD + "fields: {name: name\n",
        ["4:1: not YAML: expected ',' or '}', but got '<stream end>'"],
    ),
    "a tab": (
        HEAD + "fields:\n\tname: name\n",
        ["4:1: not YAML: found character '\\t' that cannot start any token"],
    ),
    "a key twice": (
        HEAD + "fields: {name: name}\nstream: users\n",
        ["4:1: this key stands twice; remove one"],
    ),
    "a label twice": (
        HEAD
        + "fields: {name: name}\ncustom_fields:\n"
        + "  Sex: {type: text, value: sex}\n  Sex: {type: text, value: sex}\n",
        ["6:3: this key stands twice; remove one"],
    ),
    "two options that differ in accents alone": (
        HEAD
        + "fields: {name: name}\ncustom_fields:\n"
        + "  Sex: {type: enum, value: sex, options: [Pensionné, B, pensionne ]}\n",
        ["5:42: the options 'Pensionné' and 'pensionne' count as one; remove one"],
    ),
    "an option without letters": (
        HEAD
        + "fields: {name: name}\ncustom_fields:\n"
        + "  Sex: {type: enum, value: sex, options: [A, '']}\n",
        ["5:42: a label needs letters; write what people shall read in Pipedrive"],
    ),
    "an option too long": (
        HEAD
        + "fields: {name: name}\ncustom_fields:\n"
        + f"  Sex: {{type: enum, value: sex, options: [{'x' * 256}]}}\n",
        ["5:42: a label has at most 255 characters, not 256; shorten it"],
    ),
    "too many options": (
        HEAD
        + "fields: {name: name}\ncustom_fields:\n"
        + f"  Sex: {{type: set, value: sex, options: [{', '.join(TOO_MANY)}]}}\n",
        ["5:41: a field has at most 10,000 options; use `type: varchar`"],
    ),
    "a field's label too long": (
        HEAD
        + f"fields: {{name: name}}\ncustom_fields:\n  {'x' * 256}: {{type: text, value: sex}}\n",
        ["5:3: a label has at most 255 characters, not 256; shorten it"],
    ),
    "a key field's label too long": (
        HEAD + f"fields: {{name: name}}\nkey_field: {'x' * 256}\n",
        ["4:12: a label has at most 255 characters, not 256; shorten it"],
    ),
    "two labels that Pipedrive shows alike": (
        HEAD
        + "fields: {name: name}\nkey_field: ID\ncustom_fields:\n"
        + "  id: {type: text, value: sex}\n",
        ["6:3: person already has a field 'id' in a.yml:4:12; choose another label"],
    ),
    "not a mapping": ("- a\n- b\n", ["1:1: a document is a list of `key: value` lines, not this"]),
    "unknown kind": (
        "stream: patients\nobjekt: person\n",
        ["2:1: unknown kind of document; did you mean 'object'?"],
    ),
    "no kind": (
        "stream: patients\n",
        [
            (
                "1:1: unknown kind of document; write one of: collate, lookup, object, "
                "other_custom_fields, reference, rollup, user"
            )
        ],
    ),
    "two kinds": (
        HEAD + "rollup: users\n",
        ["3:1: a document is of one kind, not of object and rollup; put `---` between them"],
    ),
    "unknown object": (
        "stream: patients\nobject: persn\nfields: {name: name}\n",
        ["2:9: unknown object 'persn'; did you mean 'person'?"],
    ),
    "an object far from any": (
        "stream: patients\nobject: xyz\nfields: {name: name}\n",
        [
            (
                "2:9: unknown object 'xyz'; write one of: activity, activity_type, file, note, "
                "organization, person, product"
            )
        ],
    ),
    "unknown Pipedrive key": (
        HEAD + "fields:\n  nam: first_name\n",
        ["4:3: person has no key 'nam'; did you mean 'name'?"],
    ),
    "unknown function, plain": (
        HEAD + "fields:\n  name: 'x' \n  emails: emial(email)\n",
        ["5:11: unknown function emial(); did you mean 'emails'?"],
    ),
    "unknown function, deep in the line": (
        HEAD + "fields:\n  name: join(' ', first_name, uper(last_name))\n",
        ["4:31: unknown function uper(); did you mean 'user'?"],
    ),
    "unknown function, in quotes": (
        HEAD + 'fields:\n  name: "jion(first_name)"\n',
        ["4:10: unknown function jion(); did you mean 'join'?"],
    ),
    "unknown function, in a block": (
        HEAD + "fields:\n  name: >-\n    first_name +\n    jion(last_name)\n",
        ["4:9: unknown function jion(); did you mean 'join'?"],
    ),
    "a syntax error": (
        HEAD + "fields:\n  name: first_name + + )\n",
        ["4:24: cannot read the expression: unmatched ')'"],
    ),
    "arguments missing": (
        HEAD + "fields:\n  name: lookup('patients').name\n",
        [
            "4:9: lookup(): missing a required argument: 'id'; it is written lookup(stream, id)",
        ],
    ),
    "a list where an expression belongs": (
        HEAD + "fields:\n  emails: [email]\n",
        ["4:11: an expression is needed here; write a list or record in quotes"],
    ),
    "empty expression": (
        HEAD + "fields:\n  name: ''\n",
        ["4:9: an empty expression; write null for nothing"],
    ),
    "unknown field type": (
        HEAD + "fields: {name: name}\ncustom_fields:\n  Sex: {type: enumm, value: sex}\n",
        ["5:15: unknown field type 'enumm'; did you mean 'enum'?"],
    ),
    "enum without options": (
        HEAD + "fields: {name: name}\ncustom_fields:\n  Sex: {type: enum, value: sex}\n",
        ["5:15: enum needs options; add `options: [A, B]` or `options: from_source`"],
    ),
    "options of a text": (
        HEAD
        + "fields: {name: name}\ncustom_fields:\n  Sex: {type: text, value: sex, options: [A]}\n",
        ["5:33: text takes no options; remove them, or write `type: enum`"],
    ),
    "an option twice": (
        HEAD
        + "fields: {name: name}\ncustom_fields:\n"
        + "  Sex: {type: enum, value: sex, options: [A, a]}\n",
        ["5:42: the options 'A' and 'a' count as one; remove one"],
    ),
    "options misspelt": (
        HEAD
        + "fields: {name: name}\ncustom_fields:\n"
        + "  Sex: {type: enum, value: sex, options: from_sauce}\n",
        ["5:42: 'from_sauce' is not known here; did you mean 'from_source'?"],
    ),
    "an option that is no text": (
        HEAD
        + "fields: {name: name}\ncustom_fields:\n"
        + "  Sex: {type: enum, value: sex, options: [1]}\n",
        ["5:43: options: text is needed here; put quotes around it"],
    ),
    "typo inside a custom field": (
        HEAD + "fields: {name: name}\ncustom_fields:\n  Sex: {typ: text, value: sex}\n",
        [
            "5:8: the key 'type' is missing; add `type: …`",
            "5:9: unknown key 'typ'; did you mean 'type'?",
        ],
    ),
    "a custom field that is no mapping": (
        HEAD + "fields: {name: name}\ncustom_fields:\n  Sex: sex\n",
        ["5:8: Sex: lines of `key: value` are needed here, such as `{type: varchar, value: name}`"],
    ),
    "off is no truth": (
        HEAD + "off: nope\nfields: {name: name}\n",
        ["3:6: off: write true or false"],
    ),
    "custom fields on an activity": (
        "stream: visits\nobject: activity\nkey_field: ID\nfields: {subject: name}\n",
        ["3:1: Pipedrive takes no custom fields on activity; use `key_line`"],
    ),
    "key_line on a person": (
        HEAD + "key_line: ID\nfields: {name: name}\n",
        ["3:1: person has no text for key_line; only activity, deal_product, note have"],
    ),
    "key_line without text": (
        "stream: visits\nobject: activity\nkey_line: ID\nfields: {subject: name}\n",
        ["3:1: key_line ends the text of 'note'; add `note:` to fields"],
    ),
    "two keys": (
        "stream: n\nobject: note\nkey_line: A\nkey_field: B\nfields: {content: name}\n",
        [
            "3:1: the key stands in a field or in a line; remove key_field or key_line",
            "4:1: Pipedrive takes no custom fields on note; use `key_line`",
        ],
    ),
    "a title on a person": (
        HEAD + "title: name\nfields: {name: name}\n",
        ["3:1: only a note has a title; remove it"],
    ),
    "a file without content": (
        "stream: files\nobject: file\nfields: {}\n",
        [
            (
                "2:9: an object `file` needs `file:` with name, size, sha256 and uri; "
                "no other object has it"
            )
        ],
    ),
    "unknown reject code": (
        HEAD + "reject_when: {no_participant: 'true'}\nfields: {name: name}\n",
        ["3:15: unknown reject code 'no_participant'; did you mean 'no_participants'?"],
    ),
    "match by an unmapped key": (
        HEAD + "match: [emial]\nfields: {name: name, emails: emails(email)}\n",
        ["3:9: cannot match by 'emial'; did you mean 'email'?"],
    ),
    "two rules for one object": (
        HEAD + "fields: {name: name}\n---\n" + HEAD + "fields: {name: name}\n",
        ["6:9: patients already becomes person in a.yml:1:1; remove one, or set `off: true` in it"],
    ),
    "unknown parent": (
        HEAD + "fields: {name: name}\n---\nstream: invoices\nrollup: patient\nby: patient_id\n",
        ["6:9: unknown parent 'patient': no document has this stream; did you mean 'patients'?"],
    ),
    "two parents": (
        HEAD
        + "fields: {name: name}\n---\nstream: users\nlookup: true\n---\n"
        + "stream: invoices\nrollup: patients\nby: patient_id\n---\n"
        + "stream: invoices\nrollup: users\nby: user_id\n",
        ["13:9: invoices already belongs to patients; use one parent"],
    ),
    "an aggregate of nothing": (
        HEAD
        + "fields: {name: name}\n---\nstream: invoices\nrollup: patients\nby: patient_id\n"
        + "custom_fields:\n  Sum: {type: double}\n",
        ["9:3: write exactly one of: sum, max, min, last, first, lines, count: true"],
    ),
    "a parent that becomes two objects": (
        HEAD
        + "fields: {name: name}\n---\nstream: patients\nobject: organization\n"
        + "fields: {name: name}\n---\nstream: invoices\nrollup: patients\nby: patient_id\n"
        + "custom_fields:\n  Sum: {type: double, count: true}\n",
        ["10:9: patients becomes 2 objects; say which one takes it: `onto: …`"],
    ),
    "where reads other records": (
        HEAD
        + "fields: {name: name}\n---\nstream: invoices\nrollup: patients\nby: patient_id\n"
        + "where: past(closed_at)\n",
        [
            (
                "8:8: past() reads other records or the run and cannot stand here; "
                "use the record's own fields"
            )
        ],
    ),
    "a phone column that is none": (
        HEAD
        + "fields: {name: name}\n---\nstream: mails\ncollate: patients\nby: patient_id\n"
        + "file: mails.csv\ncolumns: {From: sender}\nphone_columns: [Frm]\n",
        ["10:17: there is no column 'Frm'; did you mean 'From'?"],
    ),
    "lookup of a stream that is not kept": (
        HEAD + "fields:\n  name: lookup('user', id).name\n---\nstream: users\nlookup: true\n",
        ["4:9: no document says `lookup: true` for 'user'; did you mean 'users'?"],
    ),
    "reference to an object that is not made": (
        "stream: notes\nobject: note\nfields:\n  content: text(a)\n"
        "  person_id: ref('persn', 'patients', id)\n---\n" + HEAD + "fields: {name: name}\n",
        ["5:14: no document makes 'persn' of 'patients'; did you mean 'person'?"],
    ),
    "reference to a stream without objects": (
        "stream: notes\nobject: note\nfields:\n  content: text(a)\n"
        "  person_id: ref('person', 'patient', id)\n---\n" + HEAD + "fields: {name: name}\n",
        ["5:14: no document makes 'person' of 'patient'; did you mean 'patients'?"],
    ),
    "user without a rule": (
        HEAD + "fields:\n  name: name\n  owner_id: user(practitioner_id)\n",
        ["5:13: user() needs a document with `user:`, such as practitioners.yml"],
    ),
    "two user rules": (
        "stream: a\nuser: email\n---\nstream: b\nuser: email\n",
        ["5:7: two documents say `user:`; remove one"],
    ),
    "account twice": (
        "other_custom_fields: plan\n---\nother_custom_fields: plan\n",
        ["3:1: account-wide choices already stand in a.yml:1:1; remove one"],
    ),
    "account misspelt": (
        "other_custom_fields: plam\n",
        ["1:22: 'plam' is not known here; did you mean 'plan'?"],
    ),
}


@pytest.mark.parametrize(("text", "faults"), FAULTS.values(), ids=FAULTS)
def test_each_fault_says_where_what_and_what_to_type(text, faults, write, tmp_path):
    with pytest.raises(MappingError) as caught:
        write(a=text)
    folder = f"{tmp_path / 'transforms'}/"
    found = [fault.replace(folder, "").removeprefix("a.yml:") for fault in caught.value.faults]
    assert found == faults


def test_all_faults_of_all_files_come_at_once(write, tmp_path):
    with pytest.raises(MappingError) as caught:
        write(
            a=HEAD + "fields: {nam: first_name}\n",
            b="stream: users\nlookup: yes please\n",
            c="stream: [\n",
            d=HEAD.replace("patients", "x") + "fields: {name: a +, emails: nope()}\n",
        )
    folder = f"{tmp_path / 'transforms'}/"
    places = [fault.replace(folder, "").split(": ")[0] for fault in caught.value.faults]
    assert places == ["a.yml:3:10", "b.yml:2:9", "c.yml:2:1", "d.yml:3:19", "d.yml:3:29"]
    assert str(caught.value).count("\n") == 4


@pytest.mark.parametrize("label", ["Date of Birth", "date  of birth", "Dâte of birth"])
def test_two_labels_that_fold_alike_are_one_field(write, label):
    first = "custom_fields:\n  Date of birth: {type: date, value: dob}\n"
    with pytest.raises(MappingError, match="already has a field"):
        write(
            a=HEAD + "fields: {name: name}\n" + first + f"  {label}: {{type: date, value: dob}}\n"
        )


def test_leads_share_the_deals_fields(tmp_path):
    deal = "object: deal\nfields: {title: name}\ncustom_fields: {Origin: {type: TYPE, value: o}}\n"
    lead = deal.replace("object: deal", "object: lead").replace("name}", "name, person_id: p}")
    both = "stream: a\n" + deal + "---\nstream: b\n" + lead

    def read(text):
        (tmp_path / "a.yml").write_text(text)
        return load(tmp_path, options=Options(), objects=OBJECT_KEYS)

    mapping = read(both.replace("TYPE", "text"))
    assert [(spec.object, spec.label) for spec in mapping.field_specs()] == [
        ("deal", "Origin"),
        ("lead", "Origin"),
    ]
    with pytest.raises(MappingError, match="is written otherwise in"):
        read(both.replace("TYPE", "text", 1).replace("TYPE", "date"))


def test_two_streams_may_share_a_field_but_not_under_another_type(write):
    shared = "object: product\nkey_field: Cliniko ID\nfields: {name: name}\n"
    mapping = write(a="stream: a\n" + shared, b="stream: b\n" + shared)
    assert [spec.label for spec in mapping.field_specs()] == ["Cliniko ID"]
    with pytest.raises(MappingError, match=r"is written otherwise in .*a.yml:3:12"):
        write(
            c="stream: c\nobject: product\nfields: {name: name}\n"
            "custom_fields: {Cliniko ID: {type: double, value: id}}\n"
        )


def test_off_switches_a_document_off(write):
    mapping = write(a=HEAD + "off: true\nfields: {nam: nope(}\n")
    assert mapping.streams() == frozenset()


def test_a_document_that_is_off_must_still_be_one(write):
    with pytest.raises(MappingError, match="unknown key 'feilds'"):
        write(a=HEAD + "off: true\nfeilds: {}\nfields: {}\n")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (False, "there is no such folder; give the folder of mapping files as the setting"),
        (True, "there is no mapping file (*.yml) in this folder; copy the default mapping"),
    ],
)
def test_no_folder_and_no_files(make, text, tmp_path):
    folder = tmp_path / "maps"
    if make:
        folder.mkdir()
    with pytest.raises(MappingError) as caught:
        load(folder, options=Options(), objects={})
    assert text in str(caught.value)


def test_a_file_that_is_not_utf8(write, tmp_path):
    (tmp_path / "transforms").mkdir()
    (tmp_path / "transforms" / "a.yml").write_bytes(b"stream: \xff\xfe")
    with pytest.raises(MappingError, match=r"a.yml:1:1: cannot read the file: is not UTF-8"):
        write()


def test_names_are_held_against_the_schema(write, tmp_path):
    mapping = write(
        a=HEAD
        + "fields:\n  name: join(' ', frist_name, last_name)\n  emails: emails(email)\n"
        + "custom_fields:\n  Sex: {type: text, value: '[x for x in rows if x.sexx]'}\n"
        + "---\nstream: invoices\nrollup: patients\nby: patient_id\nwhere: not archivd_at\n"
    )
    folder = f"{tmp_path / 'transforms'}/"
    with pytest.raises(MappingError) as caught:
        mapping.check_schema("patients", ["first_name", "last_name", "email", "rows", "id"])
    assert [fault.replace(folder, "") for fault in caught.value.faults] == [
        "a.yml:4:19: patients has no field 'frist_name'; did you mean 'first_name'?"
    ]
    with pytest.raises(MappingError) as caught:
        mapping.check_schema("invoices", ["id", "patient_id", "archived_at"])
    assert [fault.replace(folder, "") for fault in caught.value.faults] == [
        "a.yml:12:12: invoices has no field 'archivd_at'; did you mean 'archived_at'?"
    ]
    mapping.check_schema("users", [])


def test_children_are_names_of_their_parent(write):
    mapping = write(
        a=HEAD
        + "fields: {name: 'len(invoices)'}\n"
        + "---\nstream: invoices\nrollup: patients\nby: patient_id\n"
    )
    mapping.check_schema("patients", ["id"])
    mapping.check_schema("invoices", ["id", "patient_id"])
