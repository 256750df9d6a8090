from __future__ import annotations

from jupyter_modelpack.notebook.secrets.packaged import secrets_in_file

KEY = "AKIA" + "Q3ZP7XWK2MTL9RVB"


def test_a_key_in_a_packaged_file_is_named_by_its_line_and_never_shown() -> None:
    (found,) = secrets_in_file("settings.py", f"import os\nKEY = '{KEY}'\n".encode())
    assert (found.code, found.severity, found.details["line"]) == ("secret-in-file", "blocking", 2)
    assert "`settings.py`" in found.message
    assert KEY not in found.message + found.advice + repr(found.details)


def test_a_marked_line_is_noted_and_hides_no_other() -> None:
    marked = f"KEY = '{KEY}'  # modelpack: allow-secret it is the documented sample"
    (noted,) = secrets_in_file("a.py", marked.encode())
    assert (noted.code, noted.severity) == ("secret-allowed", "note")
    assert noted.details["reason"] == "it is the documented sample" and KEY not in noted.message
    many = "\n".join([*[marked] * 100, f"OTHER = '{KEY}'"])
    found = [each.severity for each in secrets_in_file("a.py", many.encode())]
    assert found == ["note"] * 20 + ["blocking"]


def test_binary_data_and_plain_tables_are_left_alone() -> None:
    assert not list(secrets_in_file("a.bin", b"\0" + KEY.encode()))
    table = "customer,months,contract\n" + "\n".join(f"{n},{n % 72},month" for n in range(2000))
    assert not list(secrets_in_file("customers.csv", table.encode()))


def test_a_file_full_of_keys_is_said_a_few_times() -> None:
    text = "\n".join(f"k{n} = '{KEY}'" for n in range(100))
    assert len(list(secrets_in_file("keys.txt", text.encode()))) == 3
