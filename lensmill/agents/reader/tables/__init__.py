"""Answers questions about a table, and says whether statements about it hold, by plain rules.

Phrases of the text are linked to cells and headers of the table (`linking`); rules for questions (`questions`) and for
statements (`statements`) evaluate over the linked rows. Whatever is unclear ends without an answer.
"""

from lensmill.agents.reader.tables.answers import TableAnswer
from lensmill.agents.reader.tables.questions import answer_from_table
from lensmill.agents.reader.tables.statements import is_statement, judge_statement

__all__ = ["TableAnswer", "answer_from_table", "is_statement", "judge_statement"]
