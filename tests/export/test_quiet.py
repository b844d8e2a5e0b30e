"""Silence ends with its block, after an error too."""

import logging
import warnings

import pytest

from daynight.export.quiet import quiet


def test_warnings_and_logs_are_suppressed_inside_and_heard_again_after_an_error(caplog):
    log = logging.getLogger("a.library")

    def fail():
        warnings.warn("unheard", stacklevel=1)
        log.warning("unheard")
        raise KeyError

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(KeyError), quiet():
            fail()
        with pytest.raises(UserWarning, match="heard"):
            warnings.warn("heard", stacklevel=1)
    log.warning("heard")
    assert caplog.messages == ["heard"]
