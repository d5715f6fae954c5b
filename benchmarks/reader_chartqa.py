"""How much of a ChartQA folder the reader's question rules answer, and how much of that is right.

    python -m benchmarks.reader_chartqa --path "ChartQA Dataset" [--split test] [--rung 672] [--subset human] [--wrong]

Reads each chart once, on its view at one rung (`--full` for the original), and answers all its questions from that
reading. "right" is the strict answer rule, the share of the answered ones.
"""

import argparse
import json
import pickle
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from lensmill.agents.reader.questions import ChartAnswer, answer_from_chart
from lensmill.judging.rules import judge_answer
from lensmill.perception.chart import ChartReading
from lensmill.perception.reading import read_chart
from lensmill.picture import Picture, view_of
from lensmill.resolution import Ladder

