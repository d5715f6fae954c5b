"""Replies in the ReFocus protocol as models write them, with what was meant."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """Attributes: problem: a part of what the model is told."""

    label: str
    reply: str
    code: str | None = None
    answer: str | None = None
    problem: str = ""
    thought: str | None = None
    cut: bool = False


CODE = 'out = focus_on_x_values_with_draw(image_1, ["2019"], x_values_bbox)\ndisplay(out)'
FLAT = CODE.replace("\n", "\\n")


def action(fenced: str) -> str:
    return f"THOUGHT 0: I look at 2019.\n\nACTION 0:\n{fenced}"


def ending(answer: str) -> str:
    return f"THOUGHT 1: It is clear now.\n\nANSWER: The bar says so. FINAL ANSWER: {answer}"


CASES = (
    Case("as the protocol says", action(f"```python\n{CODE}\n```"), CODE, thought="I look at 2019."),
    Case("an answer as the protocol says", ending("42. TERMINATE"), answer="42", thought="It is clear now."),
    # fences
    Case("fence named py", action(f"```py\n{CODE}\n```"), CODE),
    Case("fence named Python3", action(f"```Python3\n{CODE}\n```"), CODE),
    Case("fence named tool_code", action(f"```tool_code\n{CODE}\n```"), CODE),
    Case("fence without a name", action(f"```\n{CODE}\n```"), CODE),
    Case("fence of tildes", action(f"~~~python\n{CODE}\n~~~"), CODE),
    Case("fence never closed", action(f"```python\n{CODE}"), CODE),
    Case("fence never closed before an answer", action(f"```python\n{CODE}\nFINAL ANSWER: 4"), CODE, answer="4"),
    Case("no fence", action(CODE), CODE),
    Case("no fence, but a tag", action(f"<code>{CODE}</code>"), CODE),
    Case("code without an ACTION", f"I look at 2019.\n```python\n{CODE}\n```", CODE, thought="I look at 2019."),
    Case(
        "two blocks of one action",
        action("```python\na = 1\n```\nand\n```python\ndisplay(a)\n```"),
        "a = 1\ndisplay(a)",
    ),
    Case("an empty block and a block", action(f"```python\n```\n```python\n{CODE}\n```"), CODE),
    Case("indented block", action("```python\n    a = 1\n    display(a)\n    ```"), "a = 1\ndisplay(a)"),
    Case("prompts in front of lines", action("```python\n>>> a = 1\n>>> display(a)\n```"), "a = 1\ndisplay(a)"),
    Case("a fence on one line", action(f"```python {CODE.splitlines()[0]}```"), CODE.splitlines()[0]),
    Case("a fence on one line without a name", action("```display(image_1)```"), "display(image_1)"),
    Case("one block again and again", action(f"```python\n{CODE}\n```\n" * 9), CODE),
    Case("full-width signs", action("```python\ndisplay（f（image_1，['a']））\n```"), "display(f(image_1,['a']))"),
    # repairs of the code
    Case("escaped underscores", action(f"```python\n{CODE.replace('_', chr(92) + '_')}\n```"), CODE),
    Case(
        "curly quotes", action("```python\ndisplay(f(image_1, [“a”, ‘b’]))\n```"), "display(f(image_1, [\"a\", 'b']))"
    ),
    Case("escaped signs", action("```python\nif 2 &gt; 1: display(&quot;a&quot;)\n```"), 'if 2 > 1: display("a")'),
    Case("line ends written out", action(f"```python\n{FLAT}\n```"), CODE),
    Case("no-break spaces", action("```python\na\u00a0= 1\n```"), "a = 1"),
    Case("curly quotes in a right string stay", action("```python\nx = ['“a”']\n```"), "x = ['“a”']"),
    Case("backslashes in a right string stay", action("```python\nx = ['a\\\\_b\\n']\n```"), "x = ['a\\\\_b\\n']"),
    Case("code that cannot be read is left for the sandbox", action("```python\nfocus on 2019\n```"), "focus on 2019"),
    # marks
    Case("marks in bold", f"**THOUGHT 0:** I look.\n\n**ACTION 0:**\n```python\n{CODE}\n```", CODE, thought="I look."),
    Case("marks as headings", "### THOUGHT 1\nIt is clear.\n### ANSWER\nSo. FINAL ANSWER: 4", answer="4"),
    Case(
        "marks in lower case", "Thought: clear.\nAnswer: so.\nFinal answer: 4\nTerminate", answer="4", thought="clear."
    ),
    Case("full-width colons", "THOUGHT 1：clear\nANSWER：so. FINAL ANSWER：4", answer="4"),
    Case("final answer in bold", ending("**4**"), answer="4"),
    Case("final answer boxed", ending("\\boxed{4}"), answer="4"),
    Case("full stops after each other", ending("22.67. ."), answer="22.67"),
    Case("a decimal", ending("5.5"), answer="5.5"),
    Case("an abbreviation keeps its stop", ending("U.S."), answer="U.S."),
    Case("an answer and nothing else", "FINAL ANSWER: 4", answer="4"),
    Case(
        "no action needed", "THOUGHT 0: Clear.\nACTION 0: No action needed.\nANSWER: So. FINAL ANSWER: 4.", answer="4"
    ),
    Case("a short answer without FINAL", "THOUGHT 1: Clear.\nANSWER: 4. TERMINATE", answer="4"),
    Case("a long answer without FINAL", "ANSWER: " + "It depends on what is meant. " * 20, problem="no FINAL ANSWER"),
    Case("the same final answer twice", ending("4") + "\n\nFINAL ANSWER: 4.", answer="4"),
    Case("two final answers", ending("4") + "\n\nFINAL ANSWER: 5", problem="2 different answers"),
    Case("an empty final answer", ending(""), problem="empty"),
    Case("reasoning with marks in it", f"<think>FINAL ANSWER: 7? No.</think>{ending('4')}", answer="4"),
    Case("everything within the reasoning", f"<think>{ending('4')}</think>", answer="4"),
    # more than one thing at once
    Case("an action and an answer", action(f"```python\n{CODE}\n```") + "\n" + ending("4"), CODE, answer="4"),
    Case("an action and an answer in one turn", action(f"```python\n{CODE}\n```\nFINAL ANSWER: 4"), CODE, answer="4"),
    Case(
        "an observation made up",
        action(f"```python\n{CODE}\n```") + "\nOBSERVATION: <image>\nTHOUGHT 1: So.\nFINAL ANSWER: 4",
        CODE,
    ),
    Case("two turns at once", action(f"```python\n{CODE}\n```") + "\n" + action("```python\nb = 2\n```"), CODE),
    # nothing to go by
    Case("nothing", "", problem="neither"),
    Case("prose", "The chart shows years.", problem="neither"),
    Case("a thought alone", "THOUGHT 0: I will look.", problem="neither"),
    Case("an action in words", "THOUGHT 0: hm\nACTION 0: draw a box around 2019", problem="neither"),
    Case("cut within code", action("```python\nfocus_on_x_va"), problem="cut off", cut=True),
    Case("cut within the thought", "THOUGHT 0: I look at the", problem="cut off", cut=True),
    Case("cut in circles", "THOUGHT 0: " + "and again " * 300, problem="repeated itself", cut=True),
)
