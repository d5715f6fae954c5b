"""`--help`: what a newcomer needs, with every group's options and their comments from conf/."""

import re
from collections.abc import Sequence

from pipelines.conf import yaml_of
from pipelines.config import CONF, PLUGINS, groups_of, outside_in, texts_of
from pipelines.exit_status import EXIT_STATUSES

FLAGS = """
  --help         this text
  --cfg          print the configuration that would be used, and stop
"""
"""The end of every introduction."""

HELP = """\
Grind visual questions into visual chain-of-thought training data.

usage: python -m pipelines.build [name=value ...]

examples:
  python -m pipelines.build                                       charts that lensmill draws, all eight rungs
  python -m pipelines.build source=chartqa source.path=/data/ChartQA out=out/chartqa
  python -m pipelines.build source=highres source.path=/data/vstar out=out/vstar limit=100
  python -m pipelines.build source=chartqa source.path=/data/ChartQA plan_only=true
  python -m pipelines.build agent=zoom model=qwen2_5_vl model.urls=[http://gpu1:8000/v1] judge=cascade
  python -m pipelines.build agent=refocus model=qwen2_5_vl engine=vllm engine.replicas=4 cluster=running
  python -m pipelines.build agent._spec_=my_package.my_agent:SPEC      an agent of your own (docs/plugins.md)

A second run does only what is missing. One Ctrl-C stops gently and loses nothing.
The result is in <out>/datasets/<version>: datasets.load_dataset("<out>/datasets/<version>").
"""


JUDGE_HELP = """\
Judge a build again, with another judge or with a judge that failed for a while.

usage: python -m pipelines.judge out=... [name=value ...]

examples:
  python -m pipelines.judge out=out/chartqa judge=rules judge.policy=relaxed
  python -m pipelines.judge out=out/chartqa judge=rules publish=false
  python -m pipelines.judge out=out/chartqa judge=cascade model@judge_model=hosted judge_model.name=... \\
      judge_model.urls=[https://.../v1] judge_model.api_key_env=MY_KEY

No episode is made or changed, and the source is not needed. The verdicts of all judges are kept. Answers on which the
judge failed (judge_error) are judged again. Then a dataset version with these verdicts is published, from every
finished chunk of the build. python -m pipelines.agreement compares two judges.
"""

AGREEMENT_HELP = """\
Compare two judges of a build: counts, Cohen's kappa, and every disagreement as a table, Parquet and JSON Lines.

usage: python -m pipelines.agreement out=... [name=value ...]

examples:
  python -m pipelines.agreement out=out/chartqa
  python -m pipelines.agreement out=out/chartqa judges=[4f1d,b07a]

Kappa counts the episodes that both judges call correct or incorrect; undecided and judge_error are counted apart.
A single judge is compared with its second opinions: the verdicts of the model in a cascade's audit.
"""

VALIDATE_HELP = """\
Check training rows, yours or anyone's, as their trainer would read them: pictures, placeholders, boxes, calls, turns,
tokens, and the text after the chat template.

usage: python -m pipelines.validate path=... [format=...] [name=value ...]

examples:
  python -m pipelines.validate path=train.parquet format=trl
  python -m pipelines.validate path=data/ format=llamafactory target=qwen3_vl max_tokens=16384
  python -m pipelines.validate path=s3://bucket/rows store=s3 format=verl_sft template=/models/mine findings=wrong.jsonl

Each finding is one line that names file, row (from 0), field and trap. The settings that the trainer needs for the rows
are printed at the end. The status is 1 if there is a finding.
"""

INSPECT_HELP = """\
Look at a dataset of your own, and propose the settings that read it: columns, kinds, a preview of five samples with
their pictures, and how many rows would fail and why.

usage: python -m pipelines.inspect path=... [name=value ...]

examples:
  python -m pipelines.inspect path=/data/rows.parquet
  python -m pipelines.inspect path=/data/my_set sheet=look.png rows=1000
  python -m pipelines.inspect path=/data/rows.csv 'columns={answers: gt}'

The last lines are the command to run. Where values fit several readings, the reading is left open: you choose. The
status is 1 if something is open, or if no row was read.
"""

VERIFY_HELP = """\
Verify a dataset version or a whole store: every byte against its checksum, every row against the plan, and
trajectories by drawing their pictures again from the originals.

usage: python -m pipelines.verify FOLDER [name=value ...]

examples:
  python -m pipelines.verify out/chartqa
  python -m pipelines.verify out/chartqa/datasets/2026-01-31 replay=all
  python -m pipelines.verify s3://bucket/chartqa store=s3 version=2026-01-31 findings=wrong.jsonl
  python -m pipelines.verify out/chartqa gc=true

FOLDER (or out=FOLDER) is a store (out= of a build), or the folder of one dataset version. Only gc=true changes the
store. Each finding is one line that names file, row and field. The status is 1 if there is a finding.
"""

EXPORT_HELP = """\
Export a version in the format of a trainer, with a README that says how to train on the export.

usage: python -m pipelines.export dataset=... format=... [name=value ...]

examples:
  python -m pipelines.export dataset=out/charts/datasets/2026-01-31 format=trl
  python -m pipelines.export dataset=out/charts/datasets/2026-01-31 format=llamafactory format.pictures=files
  python -m pipelines.export dataset=out/charts/datasets/2026-01-31 format=swift format.layout=objects rungs=[448]
  python -m pipelines.export dataset=s3://bucket/charts/datasets/2026-01-31 store=s3 format=verl_sft \\
      format.target=qwen3_vl where="zooms > 0" to=exports/zooms
  python -m pipelines.export dataset=out/charts/datasets/2026-01-31 format._spec_=my_package.my_format:SPEC

Every row is checked as the trainer would read the row. Rows that the trainer or the model cannot hold are left out, and
left_out/ names each with its reason. A second run goes on where the first one ended and gives the same bytes.
"""

NIGHTLY_HELP = """\
The job for a schedule: make what is new, publish the day's version, and point `latest` at the version.

usage: python -m pipelines.nightly [name=value ...]

examples:
  python -m pipelines.nightly source=chartqa source.path=/data/ChartQA out=s3://bucket/charts store=s3
  python -m pipelines.nightly source=highres source.path=/data/vstar out=out/vstar keep=30 gates.shrinks=0.02
  python -m pipelines.nightly ... date=2026-01-31                 a scheduler's day, or a missed one

Call the job as often as you like: it publishes nothing if nothing is new, and two runs at once do not harm each other.
The status is 0 if the latest version is as new as the source, and 3 if a gate refused the version (a line names the
gate). docs/nightly.md has more.
"""


EVALUATE_HELP = """\
Measure the accuracy of an agent and a model at each rung, with confidence intervals, costs, a table and a plot.

usage: python -m pipelines.evaluate [name=value ...] [-- name=value ...] ...

examples:
  python -m pipelines.evaluate source=highres source.path=/data/vstar agent=zoom model=qwen2_5_vl \\
      model.urls=[http://gpu1:8000/v1] out=out/vstar to=vstar
  python -m pipelines.evaluate source=chartqa source.path=/data/ChartQA model=qwen2_5_vl engine=vllm out=out/table1 \\
      to=table1 -- agent=direct -- agent=program -- agent=refocus
  python -m pipelines.evaluate ... compare=[4f1d,out/other]

The settings before the first -- hold for every row of the table; each -- begins a row with settings of its own, and
every later row is compared with the first. compare= adds builds of this store, by fingerprint, or of another out=. An
evaluation is a build that publishes nothing: a second run asks only for what is missing. docs/evaluate.md has more.
"""

STATUS_HELP = """\
Show the content of a store: builds and their progress, versions, the latest version, pins.

usage: python -m pipelines.status FOLDER [name=value ...]

examples:
  python -m pipelines.status out/chartqa
  python -m pipelines.status out=s3://bucket/charts store=s3 format=json
  python -m pipelines.status out=out/chartqa pin=2026-01-31      protect it from removal

A running build shows its committed chunks. Only pin= and unpin= change the store.
"""

DIFF_HELP = """\
Compare two versions: episodes that came, went, or are judged differently, by table, rung and reason.

usage: python -m pipelines.diff out=... [name=value ...]

examples:
  python -m pipelines.diff out=out/chartqa                                     the last two releases
  python -m pipelines.diff out=out/chartqa versions=[2026-01-30,2026-01-31] show=50
  python -m pipelines.diff out=s3://bucket/charts store=s3 format=json
"""

SUBMIT_HELP = """\
Send a job to a Ray cluster that is running, follow its log, and end with its exit status.

usage: python -m pipelines.submit [name=value ...] JOB [name=value ...]

examples:
  python -m pipelines.submit build source=synthetic out=s3://bucket/charts
  python -m pipelines.submit address=http://127.0.0.1:8265 build source=chartqa source.path=/data/ChartQA \\
      out=s3://bucket/chartqa cluster.workers=64
  python -m pipelines.submit env=[AWS_REGION] follow=false judge out=s3://bucket/chartqa judge=rules

Settings before the job's name are listed below; python -m pipelines.JOB --help lists the settings after it. Ctrl-C
stops following. The job continues, and the last line names the commands that follow and stop it.
"""


def help_for(job: str, introduction: str, arguments: Sequence[str] = ()) -> str:
    """The introduction, then conf/<job>.yaml and the options of each group in it, as their files explain them.

    Args:
        arguments: of the command. Plug-ins from outside in them are explained too.

    Raises:
        SpecError: a plug-in from outside cannot be used.
    """
    texts = texts_of(job)
    defaults = re.findall(r"^  - (\w+): (\w+)$", "\n".join(texts), re.M)
    parts = [introduction + FLAGS, "settings and their defaults:", *map(_indented, texts)]
    for group in groups_of(job):
        for option in sorted((CONF / group).glob("*.yaml")):
            parts.append(f"{group}={option.stem}" + (" (default)" if (group, option.stem) in defaults else ""))
            parts.append(_indented(option.read_text(), prefix=f"{group}."))
    for group, reference in outside_in(arguments):
        parts.append(f"{group}._spec_={reference}")
        parts.append(_indented(yaml_of(PLUGINS[group].get(reference).settings), prefix=f"{group}."))
    parts.append(EXIT_STATUSES)
    return "\n".join(parts)


def _indented(text: str, prefix: str = "") -> str:
    """A YAML file as help: comments unchanged, keys with their names on the command line."""
    lines = []
    skipping, parent = False, ""
    for line in text.splitlines():
        skipping = line.startswith("defaults:") or (skipping and line.startswith((" ", "-")))
        if skipping or not line.strip():
            continue
        if line.startswith("#"):
            lines.append(f"  {line.lstrip('# ')}")
        elif line.lstrip().startswith("#"):  # a continued comment
            lines.append(f"      {line.lstrip('# ')}")
        else:
            key, value = line.split(":", 1)
            parent = parent if line.startswith(" ") else ""
            if value.strip():
                lines.append(f"    {prefix}{parent}{key.strip()}={value.strip()}")
            else:  # a mapping, whose keys follow
                parent = f"{key}."
    return "\n".join(lines) + "\n"
