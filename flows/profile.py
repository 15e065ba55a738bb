"""The `profile` deployment: the ideal client profile as an artifact, started by hand."""

from prefect import flow
from prefect.states import Completed

from engine.learning.profile import TooFewWon
from flows.in_prefect import Run, ended
from flows.presentation.markdown import leave
from flows.presentation.profile_report import as_markdown
from flows.settings import read_settings
from flows.wiring import wired
from tasks.learning.profile import client_profile

PROFILE = "client-profile"


@flow(name="profile", flow_run_name="ideal client profile", persist_result=False)
def profile() -> Run:
    """What won customers have more of than everybody else, and the fit points that follow. Nothing is changed."""

    def work() -> Run:
        with wired(read_settings(), needs_platforms=False) as wiring:
            found = client_profile(wiring.ledger, wiring.playbook)
        leave(PROFILE, as_markdown(found), "What won customers have in common")
        proposed = len(found.profile.proposed)
        return Completed(
            message=f"{found.profile.companies:,} won companies looked at, {proposed} fit rules proposed"
        )

    return ended(work, (TooFewWon,))
