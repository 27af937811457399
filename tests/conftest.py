"""The machine may be busy: what Hypothesis tries may take its time, as in CI, where it lets it."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")
