"""The conversation that is learnt: the whole trajectory, its thoughts in one turn, or the answer alone.

The three are the variants that ReFocus (section 5) compares: with visual chain of thought, with a chain in text, and
question and answer alone.
"""

from collections.abc import Sequence
from dataclasses import replace

from lensmill.agents.protocol import Task
from lensmill.agents.wording import question_text
from lensmill.formats.boxes import for_target
from lensmill.formats.example import Example, LeftOut, conversation
from lensmill.formats.settings import Chain, FormatSettings
from lensmill.trajectory import Message, Part


def chosen(example: Example, settings: FormatSettings) -> tuple[Example, tuple[Message, ...]]:
    """The episode with the pictures that the settings keep, and its messages with boxes as the target writes boxes.

    Raises:
        LeftOut: the episode has no such messages.
    """
    if settings.chain == "pictures":
        return example, for_target(example, conversation(example), settings.trained)
    return replace(example, pictures=example.pictures[:1]), short_conversation(example, settings.chain)


def short_conversation(example: Example, chain: Chain) -> tuple[Message, ...]:
    """The view with the question, and one reply without tools.

    Raises:
        LeftOut: the episode has no answer, or no thought.
    """
    answer, steps = example.trajectory.answer, example.trajectory.steps
    if answer is None:
        raise LeftOut("no_answer", f"episode {example.episode_id} has no answer")
    reply = answer
    if chain == "thoughts":
        thoughts = [step.thought.strip() for step in steps if step.thought.strip()]
        if not thoughts:
            raise LeftOut("no_thought", f"episode {example.episode_id} has no thought: export with format.chain=answer")
        reply = f"<think>{' '.join(thoughts)}</think>\n<answer>{answer}</answer>"
    sample = example.sample
    question = question_text(Task(sample.question, example.rung, choices=sample.choices))
    return (
        Message("user", (Part(image=0), Part(f"\n{question}"))),
        Message("assistant", (Part(reply),)),
    )


def up_to_each_reply(messages: Sequence[Message]) -> list[tuple[Message, ...]]:
    """The conversation once for each message of the assistant, ending with that message."""
    return [tuple(messages[: end + 1]) for end, message in enumerate(messages) if message.role == "assistant"]
