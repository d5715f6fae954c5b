"""Replies in the zoom protocol as models write them, with what was meant: boxes and answer, or what to fix.

The conversation has two pictures, 200x100 and 400x300 pixels; boxes are in pixels unless a case says otherwise.
"""

from dataclasses import dataclass

from lensmill.geometry import Convention


@dataclass(frozen=True)
class Case:
    """Attributes: boxes: of the calls that are run, in order; problem: a part of what the model is told."""

    label: str
    reply: str
    boxes: tuple[tuple[float, ...], ...] = ()
    answer: str | None = None
    problem: str = ""
    image: int = 0
    convention: Convention = Convention.PIXELS
    cut: bool = False


BOX = (10, 20, 60, 80)
GOOD = '{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [10, 20, 60, 80], "label": "sign"}}'


def call(inner: str) -> str:
    return f"<think>I look closer.</think>\n<tool_call>\n{inner}\n</tool_call>"


def arguments(inner: str) -> str:
    return call('{"name": "image_zoom_in_tool", "arguments": {' + inner + "}}")


CASES = (
    Case("as the protocol says", call(GOOD), (BOX,)),
    Case("an answer as the protocol says", "<think>It is red.</think>\n<answer> red </answer>", answer="red"),
    # wrapping
    Case("fence inside the tag", call(f"```json\n{GOOD}\n```"), (BOX,)),
    Case("fence named tool_call, no tag", f"Let me look.\n```tool_call\n{GOOD}\n```", (BOX,)),
    Case("fence without a name, no tag", f"Closer:\n```\n{GOOD}\n```", (BOX,)),
    Case("fence of tildes", f"~~~json\n{GOOD}\n~~~", (BOX,)),
    Case("fence never closed", f"I zoom.\n```json\n{GOOD}", (BOX,)),
    Case("bare JSON", f"I should look at the sign. {GOOD}", (BOX,)),
    Case("call tag never closed", f"<think>Look.</think><tool_call>{GOOD}", (BOX,)),
    Case("call tag closed by another tag", f"<think>Look.</think><tool_call>{GOOD}</think>", (BOX,)),
    Case("think tag never closed", f"<think>I look at the sign.\n<tool_call>{GOOD}</tool_call>", (BOX,)),
    Case("think tag never opened", f"I look at the sign.</think>\n<tool_call>{GOOD}</tool_call>", (BOX,)),
    Case("call inside the thought and nowhere else", f"<think>Look: {GOOD}</think>", (BOX,)),
    Case("tags in capitals", f"<THINK>hm</THINK><TOOL_CALL>{GOOD}</TOOL_CALL>", (BOX,)),
    Case("blanks in tags", f"< think >hm</ think >< tool_call >{GOOD}</ tool_call >", (BOX,)),
    Case("escaped underscore in the tag", f"<tool\\_call>{GOOD}</tool\\_call>", (BOX,)),
    Case("tag with a hyphen", f"<tool-call>{GOOD}</tool-call>", (BOX,)),
    Case("tag of another family", f"<function_call>{GOOD}</function_call>", (BOX,)),
    Case("tag in the plural with a list", f"<tool_calls>[{GOOD}]</tool_calls>", (BOX,)),
    Case("bracketed tag", f"[TOOL_CALLS][{GOOD}]", (BOX,)),
    Case("escaped signs", "&lt;tool_call&gt;" + GOOD.replace('"', "&quot;") + "&lt;/tool_call&gt;", (BOX,)),
    Case("role header in front", f"<|im_start|>assistant\n{call(GOOD)}<|im_end|>", (BOX,)),
    Case(
        "another protocol's tag and picture",
        '<grounding>{"bbox_2d": [10, 20, 60, 80], "source": "observation_1"}</grounding>',
        (BOX,),
        image=1,
    ),
    Case("full-width angle brackets", f"＜tool_call＞{GOOD}＜/tool_call＞", (BOX,)),
    Case("a fence around the tags", f"```xml\n{call(GOOD)}\n```", (BOX,)),
    Case("a Python call in a fence without a name", '```zoom([10, 20, 60, 80], "sign")```', (BOX,)),
    Case("action and input, as in ReAct", f"Action: zoom\nAction Input: {GOOD}", (BOX,)),
    Case("name before the JSON", call('image_zoom_in_tool\n{"bbox_2d": [10, 20, 60, 80]}'), (BOX,)),
    Case("the tokens of another template", f"<|tool_call_begin|>functions.zoom:0<|x|>{GOOD}<|tool_call_end|>", (BOX,)),
    # JSON
    Case("single quotes", call(GOOD.replace('"', "'")), (BOX,)),
    Case("curly quotes", call(GOOD.replace('{"', "{“").replace('"', "”")), (BOX,)),
    Case("an apostrophe in single quotes", arguments("'bbox_2d': [10, 20, 60, 80], 'label': 'driver's hat'"), (BOX,)),
    Case("quotes inside a text", arguments('"bbox_2d": [10, 20, 60, 80], "label": "the "Open" sign"'), (BOX,)),
    Case("trailing commas", arguments('"bbox_2d": [10, 20, 60, 80,], "label": "sign",'), (BOX,)),
    Case("no quotes around names", call("{name: image_zoom_in_tool, arguments: {bbox_2d: [10, 20, 60, 80]}}"), (BOX,)),
    Case("escaped underscores in names", call(GOOD.replace("_", "\\_")), (BOX,)),
    Case("comments", arguments('"bbox_2d": [10, 20, 60, 80], // the sign\n"label": "sign"'), (BOX,)),
    Case("a missing brace", call(GOOD[:-1]), (BOX,)),
    Case("all closing braces missing", call(GOOD[:-2]), (BOX,)),
    Case("a brace too many", call(GOOD + "}"), (BOX,)),
    Case("a list that is not closed", arguments('"bbox_2d": [10, 20, 60, 80'), (BOX,)),
    Case("doubled braces", call(GOOD.replace("{", "{{").replace("}", "}}")), (BOX,)),
    Case("missing comma between lines", arguments('"bbox_2d": [10, 20, 60, 80]\n"label": "sign"'), (BOX,)),
    Case("full-width punctuation", arguments('"bbox_2d"：[10，20，60，80]，"label"："sign"'), (BOX,)),
    Case("Python's words", arguments('"bbox_2d": [10, 20, 60, 80], "label": None'), (BOX,)),
    Case("arguments as a JSON text", call(r'{"name": "zoom", "arguments": "{\"bbox_2d\": [10, 20, 60, 80]}"}'), (BOX,)),
    # shape of the call
    Case("parameters for arguments", call(GOOD.replace("arguments", "parameters")), (BOX,)),
    Case("function around the call", call('{"type": "function", "function": ' + GOOD + "}"), (BOX,)),
    Case("arguments alone", call('{"bbox_2d": [10, 20, 60, 80], "label": "sign"}'), (BOX,)),
    Case("name as the key", call('{"image_zoom_in_tool": {"bbox_2d": [10, 20, 60, 80]}}'), (BOX,)),
    Case("a short name", call(GOOD.replace("image_zoom_in_tool", "zoom_in")), (BOX,)),
    Case("a Python call", call('image_zoom_in_tool(bbox_2d=[10, 20, 60, 80], label="sign")'), (BOX,)),
    Case("a Python call by position", call('image_zoom_in_tool([10, 20, 60, 80], "sign")'), (BOX,)),
    Case(
        "parameters as tags",
        call("<function=image_zoom_in_tool>\n<parameter=bbox_2d>\n[10, 20, 60, 80]\n</parameter>\n</function>"),
        (BOX,),
    ),
    Case("two calls in one tag", call(f"{GOOD}\n{GOOD.replace('60', '70')}"), (BOX, (10, 20, 70, 80))),
    Case("two calls in two tags", call(GOOD) + call(GOOD.replace("60", "70")), (BOX, (10, 20, 70, 80))),
    Case("one call written out many times", "<think>hm</think>" + f"<tool_call>{GOOD}</tool_call>\n" * 30, (BOX,)),
    Case(
        "more calls than are run",
        "".join(call(GOOD.replace("60", str(60 + i))) for i in range(6)),
        tuple((10, 20, 60 + i, 80) for i in range(4)),
        problem="first 4 of your 6",
    ),
    # boxes
    Case("a box as a text", arguments('"bbox_2d": "[10, 20, 60, 80]"'), (BOX,)),
    Case("a box as a text without brackets", arguments('"bbox_2d": "10 20 60 80"'), (BOX,)),
    Case("numbers as texts", arguments('"bbox_2d": ["10", "20", "60", "80"]'), (BOX,)),
    Case("pixels named", arguments('"bbox_2d": [10px, 20px, 60px, 80px]'), (BOX,)),
    Case("a nested box", arguments('"bbox_2d": [[10, 20, 60, 80]]'), (BOX,)),
    Case("two boxes in one call", arguments('"bbox_2d": [[10, 20, 60, 80], [5, 5, 50, 50]]'), (BOX, (5, 5, 50, 50))),
    Case("two corners", arguments('"bbox_2d": [[10, 20], [60, 80]]'), (BOX,)),
    Case("corners by name", arguments('"bbox_2d": {"x1": 10, "y1": 20, "x2": 60, "y2": 80}'), (BOX,)),
    Case("corner and size by name", arguments('"bbox": {"x": 10, "y": 20, "width": 50, "height": 60}'), (BOX,)),
    Case("corners as arguments", arguments('"x1": 10, "y1": 20, "x2": 60, "y2": 80'), (BOX,)),
    Case("swapped corners", arguments('"bbox_2d": [60, 80, 10, 20]'), (BOX,)),
    Case("box tokens", arguments('"bbox_2d": "<|box_start|>(10,20),(60,80)<|box_end|>"'), (BOX,)),
    Case("a round bracket", arguments('"bbox_2d": (10, 20, 60, 80)'), (BOX,)),
    Case("another name for the box", arguments('"bbox": [10, 20, 60, 80]'), (BOX,)),
    Case("fractions where pixels are meant", arguments('"bbox_2d": [0.05, 0.2, 0.3, 0.8]'), (BOX,)),
    Case("per cent", arguments('"bbox_2d": ["5%", "20%", "30%", "80%"]'), (BOX,)),
    Case(
        "fractions where thousandths are meant",
        arguments('"bbox_2d": [0.05, 0.2, 0.3, 0.8]'),
        ((50, 200, 300, 800),),
        convention=Convention.THOUSAND,
    ),
    Case(
        "pixels where fractions are meant",
        arguments('"bbox_2d": [10, 20, 60, 80]'),
        problem="write fractions",
        convention=Convention.UNIT,
    ),
    Case(
        "pixels where thousandths are meant",
        arguments('"bbox_2d": [1200, 700, 1900, 1400]'),
        problem="write thousandths",
        convention=Convention.THOUSAND,
    ),
    Case("thousandths where pixels are meant", arguments('"bbox_2d": [100, 50, 900, 800]'), problem="200x100 pixels"),
    Case("an edge that is a little outside", arguments('"bbox_2d": [10, 20, 210, 105]'), ((10, 20, 210, 105),)),
    Case("a box without brackets", arguments('"bbox_2d": 10, 20, 60, 80, "label": "sign"'), (BOX,)),
    Case("two corners without brackets around", arguments('"bbox_2d": [10, 20], [60, 80]'), (BOX,)),
    Case("corners named in a list", arguments('"bbox_2d": [x1=10, y1=20, x2=60, y2=80]'), (BOX,)),
    Case("a missing colon", arguments('"bbox_2d" [10, 20, 60, 80]'), problem="could not be read"),
    Case("three numbers", arguments('"bbox_2d": [10, 20, 60]'), problem="four numbers"),
    Case("no numbers", arguments('"bbox_2d": "the sign on the left"'), problem="four numbers"),
    Case("not a number", arguments('"bbox_2d": [10, 20, NaN, 80]'), problem="four numbers"),
    Case("infinity", arguments('"bbox_2d": [10, 20, 1e999, 80]'), problem="four numbers"),
    Case("no box", arguments('"label": "sign"'), problem='no "bbox_2d"'),
    # pictures
    Case("an earlier crop", arguments('"bbox_2d": [10, 20, 60, 80], "image": 1'), (BOX,), image=1),
    Case("a picture as a text", arguments('"bbox_2d": [10, 20, 60, 80], "image": "image_1"'), (BOX,), image=1),
    Case("the original", arguments('"bbox_2d": [10, 20, 60, 80], "image": "original image"'), (BOX,)),
    Case("a picture that is not there", arguments('"bbox_2d": [1, 2, 3, 4], "image": 7'), problem="from 0 to 1"),
    # answers
    Case("answer tag never closed", "<think>So.</think><answer>42", answer="42"),
    Case("answer tag never opened", "<think>So.</think>42</answer>", answer="42"),
    Case("answer in bold, no tag", "It is clear now.\n**Answer:** 42", answer="42"),
    Case("final answer, no tag", "<think>It is clear.</think>\nFinal answer: blue", answer="blue"),
    Case("boxed, no tag", "So the total is $\\boxed{42}$.", answer="42"),
    Case("boxed inside the tag", "<answer>\\boxed{42}</answer>", answer="42"),
    Case("JSON inside the tag", '<answer>{"answer": "42"}</answer>', answer="42"),
    Case("Answer: inside the tag", "<answer>Answer: 42</answer>", answer="42"),
    Case("bold inside the tag", "<answer> **42** </answer>", answer="42"),
    Case("a backslash in an answer", "<answer>C:\\temp\\new_file</answer>", answer="C:\\temp\\new_file"),
    Case(
        "an answer tag mentioned in the thought", "<think>In <answer> I say</think><answer>red</answer>", answer="red"
    ),
    Case("the same answer twice", "<answer>Red</answer> so <answer>red.</answer>", answer="Red"),
    Case("two answers", "<answer>red</answer> or <answer>blue</answer>", problem="2 different answers"),
    Case("an empty answer", "<think>hm</think><answer> </answer>", problem="empty"),
    Case("a call and an answer", call(GOOD) + "<answer>red</answer>", (BOX,), answer="red"),
    Case("an answer and a call", "<answer>red</answer>" + call(GOOD), (BOX,), answer="red"),
    Case(
        "observations made up",
        call(GOOD) + "\nuser\n<image>\nIt shows a red sign.\n<think>So.</think><answer>red</answer>",
        (BOX,),
    ),
    Case("a tool response made up", call(GOOD) + "<tool_response>red</tool_response><answer>red</answer>", (BOX,)),
    # nothing to go by
    Case("nothing", "", problem="neither"),
    Case("prose", "The picture shows a street with several signs.", problem="neither"),
    Case("a thought alone", "<think>I wonder what it shows.</think>", problem="neither"),
    Case("a tag alone", "<tool_call></tool_call>", problem="neither"),
    Case("no JSON in the tag", call("zoom into the sign please"), problem="no JSON object"),
    Case("another tool", call(GOOD.replace("image_zoom_in_tool", "rotate")), problem="no tool 'rotate'"),
    Case("a number for the call", call("[1, 2]"), problem="no JSON object"),
    Case("brackets without end", call("[" * 5000), problem="nested too deeply"),
    Case("a number without end", arguments('"bbox_2d": [' + "9" * 6000 + ", 1, 2, 3]"), problem="four numbers"),
    Case("a call without end", call('{"name": "zoom", "arguments": {"label": "' + "a" * 30_000), problem="30"),
    # cut off
    Case("cut within a box", "<think>hm</think><tool_call>" + GOOD[:62], problem="cut off", cut=True),
    Case("cut within the thought", "<think>I look at the left, and then", problem="cut off", cut=True),
    Case("cut within an answer", "<think>So.</think><answer>the man with the", problem="cut off", cut=True),
    Case("cut in circles", "<think>I look. " + "Then I look again. " * 200, problem="repeated itself", cut=True),
    Case("a whole call, then circles", call(GOOD) + "\n" + "Look again. " * 200, (BOX,), cut=True),
)
