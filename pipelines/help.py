"""`--help`: what a newcomer needs, with every group's options and their comments taken from conf/ itself."""

from pipelines.settings import CONF

HELP = """\
Grind visual questions into visual chain-of-thought training data.

usage: python -m pipelines.build [name=value ...]

examples:
  python -m pipelines.build                                       charts we draw ourselves, all eight rungs
  python -m pipelines.build source=chartqa source.path=/data/ChartQA out=out/chartqa
  python -m pipelines.build source=highres source.path=/data/vstar out=out/vstar limit=100
  python -m pipelines.build source=chartqa source.path=/data/ChartQA plan_only=true

Run it again and it does only what is missing. Ctrl-C once stops gently; nothing is lost.
The result is in <out>/datasets/<version>: datasets.load_dataset("<out>/datasets/<version>").

  --help         this text
  --cfg          print the configuration that would be used, and stop
"""


def help_for(job: str, introduction: str) -> str:
    """The introduction, then conf/<job>.yaml and every group's options as their files explain them."""
    parts = [introduction, "settings and their defaults:", _indented((CONF / f"{job}.yaml").read_text())]
    for group in sorted(path for path in CONF.iterdir() if path.is_dir()):
        for option in sorted(group.glob("*.yaml")):
            parts.append(f"{group.name}={option.stem}")
            parts.append(_indented(option.read_text(), prefix=f"{group.name}."))
    return "\n".join(parts)


def _indented(text: str, prefix: str = "") -> str:
    """A YAML file as help: comments as they are, keys with the name they have on the command line."""
    lines = []
    skipping = False
    for line in text.splitlines():
        skipping = line.startswith("defaults:") or (skipping and line.startswith((" ", "-")))
        if skipping or not line.strip():
            continue
        if line.startswith("#"):
            lines.append(f"  {line.lstrip('# ')}")
        else:
            key, value = line.split(":", 1)
            lines.append(f"    {prefix}{key}={value.strip()}")
    return "\n".join(lines) + "\n"
