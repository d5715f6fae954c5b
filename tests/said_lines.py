"""A list of said lines, in place of a job's display."""

from monitoring.logs import Level


class Said(list[str]):
    """The lines. `levels` has the level of each, and `fields` its fields."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: list[Level] = []
        self.fields: list[dict[str, object]] = []

    def __call__(self, line: str, level: Level = "info", **fields: object) -> None:
        self.append(line)
        self.levels.append(level)
        self.fields.append(fields)
