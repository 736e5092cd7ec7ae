"""Flows through bottlenecks within the published experiments."""

from __future__ import annotations

import pytest


@pytest.mark.xfail(strict=True, reason="1.10, 1.53 and 1.70 people a second: below every experiment of the band")
@pytest.mark.parametrize("width", ["0.8", "1.0", "1.2"])
def test_bottleneck_flow_crowd(check, width):
    check(f"BOT-{width}", "crowd")
