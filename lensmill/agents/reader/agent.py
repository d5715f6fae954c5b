"""The reader agent: looks with real tool calls, reads with OCR, decides by plain rules, abstains when unsure."""

import asyncio

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout
from lensmill.agents.reader.charts import ChartRoute
from lensmill.agents.reader.conclusion import Conclusion
from lensmill.agents.reader.looking import Looking
from lensmill.agents.reader.options import OptionsRoute, asks_for_name
from lensmill.agents.reader.settings import EDITS, ReaderSettings
from lensmill.agents.reader.tables.route import conclude_statement
from lensmill.agents.zoom.messages import conversation_of
from lensmill.perception.text import Reader, shared_reader


class ReaderAgent:
    """An agent without a language model.

    It knows the question, the view and what its own calls showed. With options that may be printed it searches for
    print that speaks for one of them; otherwise it reads the picture as a table or a chart.

    Args:
        reader: the OCR engine; by default this process's own, whose cache all episodes share.
    """

    name = "reader"

    def __init__(self, settings: ReaderSettings | None = None, reader: Reader | None = None) -> None:
        self._settings = settings or ReaderSettings()
        self._reader = reader

    async def run(self, environment: Environment) -> Rollout:
        """The whole episode runs in one thread: reading is CPU work and would block the event loop."""
        return await asyncio.to_thread(self._run, environment)

    def _run(self, environment: Environment) -> Rollout:
        turns, convention = self._settings.max_turns, environment.settings.convention
        looking = Looking(environment, self._reader or shared_reader(), turns - 1)
        end = _conclude(looking)
        messages = conversation_of(
            environment.task, convention, environment.steps, end.thought, end.answer, EDITS, turns
        )
        return environment.hand_in(end.thought, end.answer, messages)


def _conclude(looking: Looking) -> Conclusion:
    if looking.task.choices and (end := conclude_statement(looking)) is not None:
        return end
    if looking.task.choices and asks_for_name(looking.task.question):
        return OptionsRoute(looking).run()
    return ChartRoute(looking).run()
