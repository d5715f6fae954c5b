"""The program agent: a program from one reply, run once, and one last question about what it shows.

After VisProg (Gupta & Kembhavi 2023, section 3): a model writes a whole program, an interpreter runs it, and nothing
that the program finds can change it. There the last module of most programs is a model for visual questions, which
reads the answer off the picture that the program made. Here the agent's own model does so, in a second and last call:
our tools edit pictures and answer nothing. A program that fails ends the episode without an answer, as in VisProg.
"""

from lensmill.agents.conversation import Conversation
from lensmill.agents.environment import Environment
from lensmill.agents.program.opening import PROMPTS, program_opening
from lensmill.agents.program.settings import ProgramSettings
from lensmill.agents.protocol import Rollout
from lensmill.agents.refocus.agent import RefocusAgent, thought_of
from lensmill.agents.refocus.opening import Parts
from lensmill.agents.refocus.replies import RefocusReply, read_refocus_reply
from lensmill.agents.refocus.settings import RefocusSettings
from lensmill.agents.refocus.structure import refocus_structure
from lensmill.agents.replies.final import abstains
from lensmill.models.chat import ChatModel, ChatReply
from lensmill.perception.text import Reader
from lensmill.sandbox.protocol import Sandbox, Session
from lensmill.trajectory import Observation, Step


class ProgramAgent(RefocusAgent):
    """Runs one program in the session of the episode.

    Args:
        reader: the OCR that finds a chart's parts; by default this process's own.
    """

    name = "program"

    def __init__(
        self, model: ChatModel, sandbox: Sandbox, settings: ProgramSettings | None = None, reader: Reader | None = None
    ) -> None:
        chosen = settings or ProgramSettings()
        super().__init__(
            model,
            sandbox,
            RefocusSettings(max_turns=2, max_pictures=chosen.max_pictures, zoom_floor=chosen.zoom_floor),
            reader,
        )
        self._own = chosen

    async def _turns(self, environment: Environment, parts: Parts, session: Session) -> Rollout:
        task, settings = environment.task, self._own
        talk = Conversation.of(environment, self._model, settings.sampling)
        size = (environment.view.frame.width, environment.view.frame.height)
        talk.messages += program_opening(task, parts, size)
        labels: dict[str, list[str]] = {kind: list(boxes) for kind, boxes in parts.items()}

        async def asked(last: bool) -> tuple[ChatReply, RefocusReply]:
            structure = refocus_structure(labels, last) if settings.structured else None
            reply = await talk.reply(environment.images, structure)
            return reply, read_refocus_reply(reply.text, reply.finish_reason == "length")

        reply, read = await asked(last=False)
        if read.code is not None:
            told = await self._act(environment, parts, session, thought_of(read, reply), read)
            observation = environment.steps[-1].observation
            if observation is None or observation.error:
                return environment.hand_in("", None, tuple(talk.messages), "turn_limit")
            talk.tell(*told, PROMPTS.fill("last"))
            reply, read = await asked(last=True)
        if read.answer is None:
            problem = read.problem or "The program has ended: no other is run."
            environment.record(Step(thought_of(read, reply), None, Observation(problem, error=True)))
            return environment.hand_in("", None, tuple(talk.messages), "turn_limit")
        answer = None if abstains(read.answer, task.choices) else read.answer
        return environment.hand_in(thought_of(read, reply), answer, tuple(talk.messages))
