"""Token ids given to models that run in this process: a hook of PyTorch before every embedding. PyTorch is never imported here.

Steps of a generation give one id at a time, which may be drawn at random; only inputs of more than one token are noted.
"""

from __future__ import annotations

import sys
from typing import Any

from sequester.influence.interception.canonical import digest
from sequester.influence.model import Seen

_NAME = "torch.nn.modules.module"


class ModelInputs:
    """Notes ids between `start` and `stop`, where the reward code has imported PyTorch by then."""

    def __init__(self) -> None:
        self.inputs: list[Seen] = []
        self._handle: Any = None

    def start(self) -> None:
        self.inputs = []
        modules = sys.modules.get(_NAME)
        if modules is not None:
            self._handle = modules.register_module_forward_pre_hook(self._note)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def _note(self, module: Any, arguments: tuple[Any, ...]) -> None:
        embedding = sys.modules["torch.nn"].Embedding
        if not isinstance(module, embedding) or not arguments:
            return
        ids = arguments[0]
        if len(ids.shape) and ids.shape[-1] > 1:
            sizes = (module.num_embeddings, module.embedding_dim)
            shown = "({}, {})".format(*sizes) if all(type(size) is int for size in sizes) else ""
            site = f"in-process model -> Embedding{shown}"
            self.inputs.append(Seen(site, digest(ids).digest))
