"""`--help`: what a newcomer needs, with every group's options and their comments from conf/."""

import re
from collections.abc import Sequence

from pipelines.conf import yaml_of
from pipelines.config import CONF, PLUGINS, groups_of, outside_in, texts_of
from pipelines.exit_status import EXIT_STATUSES

HELP = """\
Grind visual questions into visual chain-of-thought training data.

usage: python -m pipelines.build [name=value ...]

examples:
  python -m pipelines.build                                       charts we draw ourselves, all eight rungs
  python -m pipelines.build source=chartqa source.path=/data/ChartQA out=out/chartqa
  python -m pipelines.build source=highres source.path=/data/vstar out=out/vstar limit=100
  python -m pipelines.build source=chartqa source.path=/data/ChartQA plan_only=true
  python -m pipelines.build agent=zoom model=qwen2_5_vl model.urls=[http://gpu1:8000/v1] judge=cascade
  python -m pipelines.build agent=refocus model=qwen2_5_vl engine=vllm engine.replicas=4 cluster=running
  python -m pipelines.build agent._spec_=my_package.my_agent:SPEC      an agent of your own (docs/plugins.md)

Run it again and it does only what is missing. Ctrl-C once stops gently; nothing is lost.
The result is in <out>/datasets/<version>: datasets.load_dataset("<out>/datasets/<version>").

  --help         this text
  --cfg          print the configuration that would be used, and stop
"""


JUDGE_HELP = """\
Judge again what a build has made, with another judge or with one that failed for a while.

usage: python -m pipelines.judge out=... [name=value ...]

examples:
  python -m pipelines.judge out=out/chartqa judge=rules judge.policy=relaxed
  python -m pipelines.judge out=out/chartqa judge=rules publish=false
  python -m pipelines.judge out=out/chartqa judge=cascade model@judge_model=hosted judge_model.name=... \\
      judge_model.urls=[https://.../v1] judge_model.api_key_env=MY_KEY

No episode is made or changed, and the source is not needed. Every judge's verdicts are kept beside the others'; where a
judge failed (judge_error) it is asked again. Then a dataset version of these verdicts is published, of every chunk
that the build has finished. python -m pipelines.agreement compares two judges.

  --help         this text
  --cfg          print the configuration that would be used, and stop
"""

AGREEMENT_HELP = """\
How far two judges of a build agree: counts, Cohen's kappa, and every disagreement as a table, Parquet and JSON Lines.

usage: python -m pipelines.agreement out=... [name=value ...]

examples:
  python -m pipelines.agreement out=out/chartqa
  python -m pipelines.agreement out=out/chartqa judges=[4f1d,b07a]

Kappa is of the episodes that both judges call correct or incorrect; undecided and judge_error are counted apart.
One judge alone is compared with its second opinions: those of the model in a cascade's audit.

  --help         this text
  --cfg          print the configuration that would be used, and stop
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

FOLDER (or out=FOLDER) is what a build's out= names, or the folder of one dataset version. Nothing is changed but by
gc=true. Each finding is one line that names file, row and field; with any, the status is 1.

  --help         this text
  --cfg          print the configuration that would be used, and stop
"""

NIGHTLY_HELP = """\
The job for a schedule: make what is new, publish it as the day's version, and point `latest` at it.

usage: python -m pipelines.nightly [name=value ...]

examples:
  python -m pipelines.nightly source=chartqa source.path=/data/ChartQA out=s3://bucket/charts store=s3
  python -m pipelines.nightly source=highres source.path=/data/vstar out=out/vstar keep=30 gates.shrinks=0.02
  python -m pipelines.nightly ... date=2026-01-31                 the day that a scheduler runs for, or that was missed

Call it as often as you like: where there is nothing new it publishes nothing, and two at once do not harm each other.
The status is 0 where the latest version is as new as the source, 3 where a gate refused the version (the line says
which). docs/nightly.md has more.

  --help         this text
  --cfg          print the configuration that would be used, and stop
"""


STATUS_HELP = """\
What a store holds, without a job: its builds and how far they are, its versions, the latest one, the pins.

usage: python -m pipelines.status FOLDER [name=value ...]

examples:
  python -m pipelines.status out/chartqa
  python -m pipelines.status out=s3://bucket/charts store=s3 format=json
  python -m pipelines.status out=out/chartqa pin=2026-01-31      keep it, however old it gets

A build that is at work shows its chunks as they are committed. Nothing is changed but by pin= and unpin=.

  --help         this text
  --cfg          print the configuration that would be used, and stop
"""

DIFF_HELP = """\
How two versions differ: episodes that came, went, or are judged differently, by table, rung and reason.

usage: python -m pipelines.diff out=... [name=value ...]

examples:
  python -m pipelines.diff out=out/chartqa                                     the last two that were released
  python -m pipelines.diff out=out/chartqa versions=[2026-01-30,2026-01-31] show=50
  python -m pipelines.diff out=s3://bucket/charts store=s3 format=json

  --help         this text
  --cfg          print the configuration that would be used, and stop
"""

SUBMIT_HELP = """\
Send a job to a Ray cluster that is running, follow its log, and end with its exit status.

usage: python -m pipelines.submit [name=value ...] JOB [name=value ...]

examples:
  python -m pipelines.submit build source=synthetic out=s3://bucket/charts
  python -m pipelines.submit address=http://127.0.0.1:8265 build source=chartqa source.path=/data/ChartQA \\
      out=s3://bucket/chartqa cluster.workers=64
  python -m pipelines.submit env=[AWS_REGION] follow=false judge out=s3://bucket/chartqa judge=rules

What stands before the job's name is listed below; what stands after it, python -m pipelines.JOB --help lists.
Ctrl-C stops following; the job goes on, and how to follow or stop it is said.

  --help         this text
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
    parts = [introduction, "settings and their defaults:", *map(_indented, texts)]
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
    skipping = False
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
            lines.append(f"    {prefix}{key}={value.strip()}")
    return "\n".join(lines) + "\n"
