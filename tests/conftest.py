"""What holds for every test: property tests have no deadline, since machines that run them are shared and noisy."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "mqlflow", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("mqlflow")
