from __future__ import annotations

from sample_files import check_blocks, document, outline, pieces

from searchkit.types import BlockKind

MANUAL = """.. _top:

==================
The *Tea* Manual
==================

:Author: Ada
:Version: 1.2
    beta

Run it like this::

    kettle --on

      --hot

Then wait.

Using :func:`pour <tea.pour>` and ``cups``
------------------------------------------

.. code-block:: python
   :linenos:

   def pour():
       pass

.. note:: Mind the steam.

   .. code:: sh

      ls

=====  =====
leaf   time
=====  =====
green  2
=====  =====

Details
~~~~~~~

>>> pour()
'tea'

-----

Closing
-------
- a list::

      inner

End.
"""


def test_sections_take_levels_from_the_order_of_their_underlines() -> None:
    found = document(MANUAL, "tea.rst")
    check_blocks(found)
    assert outline(found) == [(1, "The Tea Manual"), (2, "Using pour and cups"), (3, "Details"), (2, "Closing")]
    assert found.title == "The Tea Manual"
    assert found.text == MANUAL
    assert found.lines_are_source


def test_literal_blocks_directives_and_sessions_are_code() -> None:
    assert pieces(document(MANUAL, "tea.rst"), BlockKind.CODE) == [
        "    kettle --on\n\n      --hot",
        ".. code-block:: python\n   :linenos:\n\n   def pour():\n       pass",
        "   .. code:: sh\n\n      ls",
        ">>> pour()\n'tea'",
        "      inner",
    ]


def test_field_list_at_the_top_is_metadata_and_others_are_text() -> None:
    assert document(MANUAL, "tea.rst").metadata == {"format": "rst", "author": "Ada", "version": "1.2 beta"}
    assert document("Text.\n\n:param x: y\n", "a.rst").metadata == {"format": "rst"}


def test_table_borders_and_transitions_are_no_titles() -> None:
    text = "Text.\n\n-----\n\n+---+\n| a |\n+---+\n\n=== ===\na   b\n=== ===\n"
    assert outline(document(text, "a.rst")) == []


def test_short_underline_is_a_title_only_when_long_enough() -> None:
    assert outline(document("Abc\n==\n", "a.rst")) == []
    assert outline(document("Ab\n==\n\nText", "a.rst")) == [(1, "Ab")]
    assert outline(document("A longer title\n=======\n", "a.rst")) == [(1, "A longer title")]


def test_indented_lines_are_never_titles() -> None:
    assert outline(document("Text\n\n  Sub\n  ===\n", "a.rst")) == []
