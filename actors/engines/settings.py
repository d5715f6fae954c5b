"""Settings of engines: vLLM servers that the job starts and supervises itself."""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_SETTINGS_OF_ARGUMENTS = {
    "model": "model",
    "served_model_name": "served_model_name",
    "tensor_parallel_size": "tensor_parallel_size",
    "dtype": "dtype",
    "max_model_len": "max_model_len",
}

_NEVER_ARGUMENTS = frozenset({"host", "port", "uds", "config", "root_path", "ssl_keyfile", "ssl_certfile"})
"""The job decides where the server listens. A file of arguments could override the address, and the job uses plain
HTTP."""

_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL|AUTH", re.IGNORECASE)
"""Names of secret values: they are never taken from the configuration, and are masked in logs."""

_NOT_SECRET = frozenset({"tokenizer", "tokenizer_mode", "tokenizer_revision", "skip_tokenizer_init"})


def is_secret(name: str) -> bool:
    """Whether a variable or argument with this name holds a secret. Numbers of tokens ("..._tokens") do not."""
    words = re.sub(r"TOKENS|TOKENIZER\w*", "", name, flags=re.IGNORECASE)
    return name.lower() not in _NOT_SECRET and bool(_SECRET.search(words))


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Replicas of one model; each is a vLLM server on one node of the cluster.

    Attributes:
        model: name or path, as vLLM takes it.
        served_model_name: the model's name in requests; None is `model`. Replies record it, so give a path a name.
        replicas: number of servers.
        tensor_parallel_size: GPUs that one model is spread over.
        gpus: of one replica; None is `tensor_parallel_size`, 0 runs on the CPU, a fraction shares one GPU.
        dtype: of the weights.
        max_model_len: tokens of prompt and reply together; None is the model's own limit.
        python: the interpreter with vLLM, if it is not the job's.
        module: the module to run.
        environment: variables of the server in addition to the job's. Secrets belong into the job's own environment.
        args: further arguments as vLLM names them, with "_" or "-": {limit_mm_per_prompt: {image: 8}}. true and false
            become --name and --no-name, null omits an argument, a list gives several values, a mapping becomes JSON.
        start_timeout_s: seconds until a server must answer, with the loading of its weights.
        max_restarts: of one replica, in the whole run.
        drain_s: seconds for a server to end itself before it is killed.
    """

    model: str
    served_model_name: str | None = None
    replicas: int = 1
    tensor_parallel_size: int = 1
    gpus: float | None = None
    dtype: str = "auto"
    max_model_len: int | None = None
    python: str | None = None
    module: str = "vllm.entrypoints.openai.api_server"
    environment: Mapping[str, str] = field(default_factory=dict)
    args: Mapping[str, Any] = field(default_factory=dict)
    start_timeout_s: float = 1200.0
    max_restarts: int = 3
    drain_s: float = 30.0

    def __post_init__(self) -> None:
        if not self.model or self.model.startswith("-"):
            raise ValueError("model must be a name or a path")
        for name in ("replicas", "tensor_parallel_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.gpus is not None and not (0 <= self.gpus < 1 or float(self.gpus).is_integer()):
            raise ValueError("gpus must be a whole number, a part of one GPU such as 0.5, or 0 for the CPU")
        if self.gpus is not None and self.gpus and self.gpus < self.tensor_parallel_size != 1:
            raise ValueError("gpus must be at least tensor_parallel_size, or null")
        if self.max_model_len is not None and self.max_model_len < 1:
            raise ValueError("max_model_len must be at least 1, or null")
        if self.max_restarts < 0:
            raise ValueError("max_restarts must not be negative")
        if not 0 < self.start_timeout_s <= 86_400 or not 0 < self.drain_s <= 3_600:
            raise ValueError("start_timeout_s must be up to 86400 and drain_s up to 3600 seconds, and above 0")
        for name in self.environment:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                raise ValueError(f"environment: {name!r} is not the name of a variable")
            if is_secret(name):
                raise ValueError(f"environment: set {name} in the environment of the job, never in its configuration")
        for name in self.args:
            _check_argument(name)

    @property
    def gpus_each(self) -> float:
        """GPUs of the cluster that one replica takes."""
        return self.tensor_parallel_size if self.gpus is None else self.gpus

    @property
    def name(self) -> str:
        """The model's name in requests."""
        return self.served_model_name or self.model

    def command(self, host: str, port: int) -> list[str]:
        """The server's command line, as a list: no shell reads it."""
        given = {
            "model": self.model,
            "served_model_name": self.name,
            "host": host,
            "port": port,
            "tensor_parallel_size": self.tensor_parallel_size,
            "dtype": self.dtype,
            "max_model_len": self.max_model_len,
            **self.args,
        }
        flags = [word for name, value in given.items() for word in _flag(name, value)]
        return [self.python or sys.executable, "-m", self.module, *flags]


def _check_argument(name: str) -> None:
    plain = name.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9_.]*", plain):
        raise ValueError(f"args: write {name!r} as vLLM names it, without dashes before it: max_num_seqs")
    if plain in _SETTINGS_OF_ARGUMENTS:
        raise ValueError(f"args: {name} has a setting of its own, {_SETTINGS_OF_ARGUMENTS[plain]}")
    if plain in _NEVER_ARGUMENTS:
        raise ValueError(f"args: {name} cannot be set: the job chooses where its servers listen")
    if is_secret(plain):
        raise ValueError(f"args: {name} may hold a secret; set its variable in the environment of the job instead")


def _flag(name: str, value: Any) -> list[str]:
    flag = "--" + name.replace("_", "-")
    match value:
        case None:
            return []
        case True:
            return [flag]
        case False:
            return ["--no-" + flag[2:]]
        case Mapping():
            return [f"{flag}={json.dumps(dict(value))}"]
        case list() | tuple():
            return [flag, *map(str, value)]
    return [f"{flag}={value}"]
