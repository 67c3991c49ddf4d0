"""A trained model as a directory: what it holds, how it is written, and how it is checked.

config.json               what the model is, and the sizes of its parts
lm/                       language model and tokenizer, as transformers writes them
conditioner.safetensors   attention and prefix
pool.safetensors          embeddings and clusters of the pool, feature map, prior over users
pool.jsonl                the pool's skills, one a line
digests.json              SHA-256 of every file above; their digest is the model's fingerprint
MODEL_CARD.md             for people; not part of the fingerprint
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_torch
from safetensors.torch import save_file as save_torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from hare.attention.cross_attention import PoolAttentionSettings
from hare.data.skills import Skill
from hare.errors import ModelFilesError
from hare.synthesis.generator import ConditionedGPT2, Conditioner
from hare.user_state.kinds import KindMap
from hare.user_state.mixture import MixturePosterior
from hare.user_state.ordinal import OrdinalModel

EMBEDDED = Path(__file__).parent / "shipped"
FORMAT = 2


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """The knowledge that is attended over. embeddings (n, e) float64, clusters (n,) integers."""

    skills: tuple[Skill, ...]
    embeddings: np.ndarray
    clusters: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class TrainedModel:
    """Everything that a model directory holds. `config` names it and says how it was trained.

    feature_map   texts to features;   prior   what is known of a user before the first rating
    """

    model: ConditionedGPT2
    pool: Pool
    feature_map: KindMap
    prior: MixturePosterior
    config: Mapping[str, Any]
    fingerprint: str = ""


def save_model(trained: TrainedModel, folder: Path, card: str = "") -> str:
    """Write the model (weights in half precision) and return its fingerprint.

    An earlier model of that name is replaced only when the new one is complete; any other folder
    is left alone (ModelFilesError).
    """
    check_out(folder)
    conditioner = trained.model.conditioner
    if conditioner is None:
        raise ModelFilesError("a model without a conditioner has nothing of ours to save")
    building = folder.with_name(folder.name + ".partial")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        _write(building, trained, conditioner)
        digests = _digests(building)
        _write_json(building / "digests.json", digests)
        (building / "MODEL_CARD.md").write_text(card, "utf-8")
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)
    return _fingerprint(digests)


def check_out(folder: Path, replace: bool = True) -> None:
    """Refuse a place where no model may be written: it holds something else, or, where `replace`
    is false, anything at all."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not replace:
        raise ModelFilesError(f"{folder} is there already: name a new folder")
    if not (folder / "digests.json").is_file():
        raise ModelFilesError(
            f"{folder} holds something that is no model of ours. It is left alone: name a new "
            "folder, or that of an earlier model"
        )


def _write(folder: Path, trained: TrainedModel, conditioner: Conditioner) -> None:
    """Every file that the fingerprint covers."""
    # Halved once each, so that tied weights stay one tensor and are stored once.
    weights = trained.model.lm.state_dict()
    halved = {v.data_ptr(): v.half() for v in weights.values()}
    half = {k: halved[v.data_ptr()] for k, v in weights.items()}
    trained.model.lm.save_pretrained(folder / "lm", state_dict=half)
    trained.model.tokenizer.save_pretrained(folder / "lm")
    own_weights = {k: v.half().contiguous() for k, v in conditioner.state_dict().items()}
    save_torch(own_weights, folder / "conditioner.safetensors")
    save_file(
        {
            "embeddings": trained.pool.embeddings.astype(np.float16),
            "clusters": trained.pool.clusters.astype(np.int64),
            "feature_weights": trained.feature_map.weights,
            "feature_intercept": trained.feature_map.intercept,
            "feature_factors": trained.feature_map.factors,
            "feature_scale": np.array([trained.feature_map.scale]),
            "prior_log_weights": trained.prior.log_weights,
            "prior_means": trained.prior.means,
            "prior_covariances": trained.prior.covariances,
            "cutpoints": _cutpoints(trained.prior),
        },
        folder / "pool.safetensors",
    )
    lines = [json.dumps(asdict(s), ensure_ascii=False) for s in trained.pool.skills]
    (folder / "pool.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    own = {
        "format": FORMAT,
        "attention": asdict(conditioner.attention.settings),
        "prefix_tokens": conditioner.prefix_tokens,
    }
    _write_json(folder / "config.json", {**trained.config, **own}, sort_keys=True)


def load_model(name: str = "embedded") -> TrainedModel:
    """Load a directory that `save_model` wrote; "embedded" is the one that the package carries.

    Raises ModelFilesError when a file is missing, was altered, or the format is another.
    """
    folder = EMBEDDED if name == "embedded" else Path(name)
    config = _read_json(folder / "config.json")
    if config.get("format") != FORMAT:
        raise ModelFilesError(
            f"{folder}/config.json has format {config.get('format')!r}, this code reads {FORMAT}: "
            "train the model again, or use the version of the code that wrote it"
        )
    recorded = _read_json(folder / "digests.json")
    _check(folder, recorded)
    model = load_language_model(str(folder / "lm"))
    arrays = load_file(folder / "pool.safetensors")
    conditioner = Conditioner(
        PoolAttentionSettings(**config["attention"]),
        config["prefix_tokens"],
        model.token_embedding.embedding_dim,
    )
    weights = {k: v.float() for k, v in load_torch(folder / "conditioner.safetensors").items()}
    conditioner.load_state_dict(weights)
    model.conditioner = conditioner.eval()
    lines = (folder / "pool.jsonl").read_text("utf-8").splitlines()
    return TrainedModel(
        model=model,
        pool=Pool(
            tuple(_skill(json.loads(line)) for line in lines),
            arrays["embeddings"].astype(np.float64),
            arrays["clusters"],
        ),
        feature_map=KindMap(
            arrays["feature_weights"],
            arrays["feature_intercept"],
            arrays["feature_factors"],
            float(arrays["feature_scale"][0]),
        ),
        prior=MixturePosterior(
            arrays["prior_log_weights"],
            arrays["prior_means"],
            arrays["prior_covariances"],
            OrdinalModel(arrays["cutpoints"]),
        ),
        config=config,
        fingerprint=_fingerprint(recorded),
    )


def load_language_model(name: str) -> ConditionedGPT2:
    """A causal language model of transformers by hub id or directory, without a conditioner.

    Raises ModelFilesError when it cannot be read, or when configuration, weights and tokenizer do
    not belong together.
    """
    try:
        # Sizes that do not match are refused below, by their names.
        lm, loading = cast(
            tuple[PreTrainedModel, dict[str, Any]],
            AutoModelForCausalLM.from_pretrained(
                name, dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True
            ),
        )
        tokenizer = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelFilesError(
            f"cannot load a language model from {name!r}: {error}. Name a directory that "
            "transformers wrote, or an id that this machine can download"
        ) from error
    wrong = sorted({*loading["missing_keys"], *(key for key, *_ in loading["mismatched_keys"])})
    if wrong:
        raise ModelFilesError(
            f"the weights of {name!r} do not fit its configuration: {len(wrong)} are missing or of "
            f"another size, the first is {wrong[0]}. They belong to different models"
        )
    if tokenizer.eos_token_id is None:
        raise ModelFilesError(f"the tokenizer of {name!r} has no end token")
    model = ConditionedGPT2(lm.eval(), tokenizer)
    rows = model.token_embedding.num_embeddings
    if len(tokenizer) > rows:
        raise ModelFilesError(
            f"the tokenizer of {name!r} has {len(tokenizer)} tokens, its model only {rows}: "
            "they belong to different models"
        )
    return model


def _cutpoints(prior: MixturePosterior) -> np.ndarray:
    if not isinstance(prior.ratings, OrdinalModel):
        raise ModelFilesError(
            f"the prior rates by {prior.ratings.name!r}, only 'ordinal' is stored"
        )
    return prior.ratings.cutpoints


def digest_of(paths: Sequence[Path]) -> str:
    """SHA-256 over the contents of files, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): digest_of([p]) for p in files}


def _fingerprint(digests: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()[:16]


def _check(folder: Path, recorded: Mapping[str, str]) -> None:
    for name, expected in recorded.items():
        path = folder / name
        if not path.is_file():
            raise ModelFilesError(
                f"{path} is missing: restore the model's folder as it was written"
            )
        found = digest_of([path])
        if found != expected:
            raise ModelFilesError(
                f"{path} was altered: its SHA-256 is {found}, digests.json records {expected}. "
                "Restore the file; a retrained model is written with digests of its own"
            )


def _write_json(path: Path, values: Mapping[str, Any], sort_keys: bool = False) -> None:
    path.write_text(json.dumps(values, indent=2, sort_keys=sort_keys) + "\n", "utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ModelFilesError(
            f"{path} is missing: {path.parent} is no model directory. "
            "`python -m hare train --out DIR` writes one"
        ) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelFilesError(f"{path} is not readable as JSON: {error}") from error


def _skill(record: dict[str, Any]) -> Skill:
    return Skill(**{**record, "steps": tuple(record["steps"])})
