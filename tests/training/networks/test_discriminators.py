import pytest

torch = pytest.importorskip("torch")

from daynight.training.networks.discriminators import MultiScaleDiscriminator  # noqa: E402


def test_scores_patches_at_three_scales():
    scores = MultiScaleDiscriminator()(torch.zeros(1, 3, 192, 320))
    assert [tuple(score.shape) for score in scores] == [(1, 1, 23, 39), (1, 1, 11, 19), (1, 1, 6, 10)]
    assert all(score.dtype == torch.float32 for score in scores)


def test_the_layout_discriminator_alone_sees_the_level():
    """Instance norm is blind to how bright the whole is; the third discriminator is there for that."""
    torch.manual_seed(0)
    discriminator = MultiScaleDiscriminator().eval()
    dim, bright = (discriminator(torch.full((1, 3, 192, 320), value)) for value in (-0.9, 0.9))
    middle = [(slice(None), slice(None), s.shape[2] // 2, s.shape[3] // 2) for s in dim]
    changes = [(b[m] - d[m]).abs().item() for d, b, m in zip(dim, bright, middle, strict=True)]
    assert changes[2] > 0.01
