"""What is deployed is what there is: manifests name jobs and settings that exist, and describe one cluster."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import ray
import yaml

from pipelines.config import load_build
from pipelines.submit import ROOMS, check_job, jobs
from tests.e2e.conftest import ROOT

KUBERAY = ROOT / "conf" / "cluster" / "kuberay"


def spec(name: str) -> dict[str, Any]:
    """The RayJob of a manifest."""
    manifest = yaml.safe_load((KUBERAY / name).read_text())
    assert manifest["apiVersion"] == "ray.io/v1"
    found = manifest["spec"]
    return dict(found["jobTemplate"] if manifest["kind"] == "RayCronJob" else found)


def entrypoint(name: str) -> tuple[str, list[str]]:
    """The job that a manifest runs, and its settings."""
    python, flag, module, *settings = shlex.split(spec(name)["entrypoint"])
    assert (python, flag) == ("python", "-m")
    return module.removeprefix("pipelines."), settings


def test_the_build_runs_a_job_with_settings_that_it_has() -> None:
    job, settings = entrypoint("build.yaml")
    assert check_job(job, settings) == settings
    assert load_build(settings).cluster.address == "auto"


def test_the_nightly_job_has_its_settings() -> None:
    job, settings = entrypoint("nightly.yaml")
    if job in jobs():
        assert check_job(job, settings) == settings
    own = [setting for setting in settings if not setting.startswith("keep=")]
    assert load_build(own).cluster.address == "auto"


def test_both_describe_the_same_cluster() -> None:
    assert spec("build.yaml")["rayClusterSpec"] == spec("nightly.yaml")["rayClusterSpec"]


def test_there_are_as_many_engines_as_nodes_for_them_and_cpus_for_the_workers() -> None:
    settings = load_build(entrypoint("build.yaml")[1])
    rollouts, engines = spec("build.yaml")["rayClusterSpec"]["workerGroupSpecs"]
    assert settings.engine is not None
    assert settings.engine.replicas == engines["replicas"] == engines["maxReplicas"]
    (container,) = rollouts["template"]["spec"]["containers"]
    assert settings.cluster.workers == rollouts["maxReplicas"] * int(container["resources"]["limits"]["cpu"])


def test_a_pod_outlives_the_drain_of_its_node() -> None:
    rollouts = spec("build.yaml")["rayClusterSpec"]["workerGroupSpecs"][0]["template"]["spec"]
    (container,) = rollouts["containers"]
    drain = {entry["name"]: entry["value"] for entry in container["env"]}["RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S"]
    assert float(drain) < rollouts["terminationGracePeriodSeconds"]
    assert "lifecycle" not in container


def test_manifests_image_and_requirements_mean_one_ray() -> None:
    assert spec("build.yaml")["rayClusterSpec"]["rayVersion"] == ray.__version__
    pins = set(re.findall(r"^ray==(\S+)", (ROOT / "requirements-cluster.txt").read_text(), re.MULTILINE))
    assert pins == {ray.__version__}


def test_the_image_has_every_room_that_a_job_is_sent_with() -> None:
    copied = re.findall(r"^COPY (\w+) \1$", (ROOT / "Containerfile").read_text(), re.MULTILINE)
    assert sorted(copied) == sorted(ROOMS)


@pytest.mark.parametrize("path", sorted(KUBERAY.glob("*.yaml")), ids=lambda path: Path(path).stem)
def test_no_secret_is_written_into_a_manifest(path: Path) -> None:
    assert not re.search(r"(?i)(secret|password|token|key)\w*\s*[:=]\s*[\"'][^\"']", path.read_text())


def test_manifests_are_no_options_of_the_group() -> None:
    assert sorted(path.stem for path in (ROOT / "conf" / "cluster").glob("*.yaml")) == ["local", "running"]
