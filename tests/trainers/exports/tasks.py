"""Tasks for a process of a trainer: a JSON list of tasks in, a JSON list of answers out.

Importing a trainer takes longer than reading ten rows with it, so one process does many tasks.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Do = Callable[[Mapping[str, Any]], Any]


def main(known: Mapping[str, Do]) -> None:
    """Do the tasks of the file that the first argument names, and write their answers into the second one.

    A task names what to `do`, and may set variables of the `environment`. The answer to a task that fails is
    {"error": ...}.
    """
    tasks, answers = Path(sys.argv[1]), Path(sys.argv[2])
    found = []
    for task in json.loads(tasks.read_text()):
        before = dict(os.environ)
        os.environ.update(task.get("environment", {}))
        try:
            found.append(known[task["do"]](task))
        except (Exception, SystemExit) as error:
            found.append({"error": f"{type(error).__name__}: {error}"})
        finally:
            os.environ.clear()
            os.environ.update(before)
    answers.write_text(json.dumps(found))
