"""The transcript: an episode's steps as the messages that a vision-language model would have seen and written.

The shape is Chain-of-Focus's: tools in the system message, `<think>` and `<tool_call>` in the assistant's turns,
each observation a user turn, `<think>` and `<answer>` at the end.
"""

import json
from collections.abc import Sequence

from lensmill.agents.protocol import Task
from lensmill.agents.wording import question_text
from lensmill.tools import tool_schema
from lensmill.trajectory import Action, Message, Part, Step

SYSTEM = """You are a careful reader of pictures. Look closer where the picture is too small to read, and point at \
what your answer rests on, with the tools below. Answer only what you can see.

# Tools
You may call one function in each turn. The functions are given as JSON schemas within <tools></tools>:
<tools>
{tools}
</tools>

Boxes are [x1, y1, x2, y2] in pixels of the picture that the call names.
Write each call as a JSON object within <tool_call></tool_call>:
<tool_call>
{{"name": <function name>, "arguments": <arguments as JSON>}}
</tool_call>"""

INSTRUCTION = (
    "Think first, then call a function or answer. Format strictly as: <think> ... </think> "
    "<tool_call> ... </tool_call> or <think> ... </think> <answer> ... </answer>"
)


def write_messages(
    task: Task, steps: Sequence[Step], thought: str, answer: str | None, tools: Sequence[str]
) -> tuple[Message, ...]:
    """The episode's messages; pictures are parts with their index, so text that looks like a placeholder is just text.

    Args:
        thought: of the last turn.
        answer: None leaves the last turn without an answer.
        tools: names of those that the agent may call.
    """
    schemas = "\n".join(json.dumps(tool_schema(name), ensure_ascii=False) for name in tools)
    messages = [
        Message("system", (Part(SYSTEM.format(tools=schemas)),)),
        Message("user", (Part(image=0), Part(f"\n{question_text(task)}\n{INSTRUCTION}"))),
    ]
    pictures = 1
    for step in steps:
        assert step.action is not None
        assert step.observation is not None
        messages.append(Message("assistant", (Part(_turn(step.thought, step.action)),)))
        text = step.observation.text
        if not step.observation.images:
            messages.append(Message("user", (Part(f"{text}\n{INSTRUCTION}"),)))
        else:
            said = f"\n{text}\n{INSTRUCTION}" if text else f"\n{INSTRUCTION}"
            messages.append(Message("user", (Part(image=pictures), Part(said))))
            pictures += 1
    ending = f"<think>{thought}</think>"
    if answer is not None:
        ending += f"\n<answer>{answer}</answer>"
    return (*messages, Message("assistant", (Part(ending),)))


def _turn(thought: str, action: Action) -> str:
    call = json.dumps({"name": action.tool, "arguments": action.arguments}, ensure_ascii=False)
    return f"<think>{thought}</think>\n<tool_call>\n{call}\n</tool_call>"
