"""Where the embeddings of phrase tokens start.

A phrase is one token of the tokenizer, seen far less often than a word. From random vectors a model
learns late that phrases of one domain go together and that a text keeps its thing. So the vector of
a phrase starts as the mean vector of its slot, plus a direction that its domain has in common, plus
one of its own. Training moves them from there.
"""

from __future__ import annotations

import numpy as np
import torch

from hare.data.corpus import SLOTS, Corpus
from hare.synthesis.generator import ConditionedGPT2

SCALE = 0.6  # norm of each of the two directions


@torch.no_grad()
def start_phrases(model: ConditionedGPT2, corpus: Corpus, seed: int) -> int:
    """Set the embeddings of the corpus's phrases in place, and return how many there are.

    Phrases that are more than one token of the model's tokenizer are left as they are.
    """
    rng = np.random.default_rng([seed, 4])
    table = model.token_embedding.weight
    width = table.shape[1]
    common = {domain: _direction(width, rng) for domain in corpus.domains}
    count = 0
    for slot in SLOTS:
        places: dict[int, torch.Tensor] = {}
        for domain in corpus.domains.values():
            for atom in domain.atoms[slot]:
                own = common[domain.id] + _direction(width, rng)
                for form in (f" {atom.text}", f" {atom.text[0].upper()}{atom.text[1:]}"):
                    tokens = model.encode(form)
                    if len(tokens) == 1:
                        places[tokens[0]] = own
        if places:
            rows = torch.tensor(list(places))
            table[rows] = table[rows].mean(dim=0) + torch.stack(list(places.values())).to(table)
            count += len(places)
    return count


def _direction(width: int, rng: np.random.Generator) -> torch.Tensor:
    vector = rng.normal(size=width)
    return torch.tensor(SCALE * vector / np.linalg.norm(vector), dtype=torch.float32)
