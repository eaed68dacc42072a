"""Token ids given to a model in this process are seen through PyTorch's own hook; PyTorch itself is played by a few lines here."""

import sys
from types import ModuleType

import numpy as np
import pytest

from sequester.influence.interception.model_inputs import ModelInputs


class Embedding:
    num_embeddings, embedding_dim = 100, 8

    def __call__(self, ids):
        for hook in list(hooks):
            hook(self, (ids,))


class Linear(Embedding):
    pass


class Handle:
    def __init__(self, hook):
        self._hook = hook

    def remove(self):
        hooks.remove(self._hook)


hooks = []


def register_module_forward_pre_hook(hook):
    hooks.append(hook)
    return Handle(hook)


@pytest.fixture
def torch(monkeypatch):
    nn, module = ModuleType("torch.nn"), ModuleType("torch.nn.modules.module")
    nn.Embedding = Embedding
    module.register_module_forward_pre_hook = register_module_forward_pre_hook
    monkeypatch.setitem(sys.modules, "torch.nn", nn)
    monkeypatch.setitem(sys.modules, "torch.nn.modules.module", module)


def seen(*inputs):
    models = ModelInputs()
    models.start()
    for ids in inputs:
        Embedding()(np.array(ids))
    models.stop()
    assert hooks == []
    return models.inputs


def test_without_pytorch_nothing_is_seen():
    assert seen([[1, 2, 3]]) == []


def test_ids_are_compared(torch):
    assert seen() == []
    (one,), (again,), (other,) = seen([[1, 2, 3]]), seen([[1, 2, 3]]), seen([[1, 2, 4]])
    assert one == again != other
    assert one.site == other.site == "in-process model -> Embedding(100, 8)"


def test_steps_of_a_generation_are_not(torch):
    assert len(seen([[1, 2, 3]], [[4]], [[5]], 7)) == 1
