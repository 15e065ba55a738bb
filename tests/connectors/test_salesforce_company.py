"""A whole generated company, read over HTTP from the simulator's own process while it lives."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from pydantic import SecretStr

from connectors.salesforce import ClientCredentials, Connection, connect
from schemas.admission import admit
from schemas.streams import MODELS, natural_key
from schemas.vocabulary import Stream
from tests.connectors.salesforce_org import STREAMS, platforms, pull
from tests.simulator_process import Simulator, start_simulator

SOBJECTS = {
    Stream.LEADS: ["Lead"],
    Stream.CONTACTS: ["Contact"],
    Stream.ACCOUNTS: ["Account"],
    Stream.OPPORTUNITIES: ["Opportunity"],
    Stream.CONTACT_ROLES: ["OpportunityContactRole"],
    Stream.CAMPAIGN_MEMBERS: ["CampaignMember"],
    Stream.TASKS: ["Task", "Event"],
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with start_simulator(people=300, seed=11, activity_days=30) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def connection(simulator: Simulator) -> Iterator[Connection]:
    playbook = platforms()
    environment = simulator.env
    credentials = ClientCredentials(
        environment["MQLFLOW_SALESFORCE_CLIENT_ID"],
        SecretStr(environment["MQLFLOW_SALESFORCE_CLIENT_SECRET"]),
    )
    connection = connect(
        environment["MQLFLOW_SALESFORCE_URL"],
        credentials,
        playbook.salesforce,
        playbook.extra,
        playbook.statuses,
        playbook.handover,
    )
    yield connection
    connection.close()


def test_every_record_of_a_living_company_arrives_once_it_is_there(
    simulator: Simulator, connection: Connection
) -> None:
    first = pull(connection, connection.source.server_time())
    simulator.advance(2 * 86_400)
    second = pull(connection, connection.source.server_time(), cursors=first.cursors)
    assert first.failures == second.failures == {}
    for stream, sobjects in SOBJECTS.items():
        stored = {row["Id"] for sobject in sobjects for row in simulator.records("salesforce", sobject)}
        assert {*first.ids(stream), *second.ids(stream)} == stored, stream


def test_whatever_the_door_refuses_of_a_company_is_a_cell_and_never_a_page(
    connection: Connection, simulator: Simulator
) -> None:
    pulled = pull(connection, datetime.fromisoformat(simulator.now()))
    for stream in STREAMS:
        rows = pulled.rows[stream]
        through_door = admit(rows, MODELS[stream], natural_key(stream))
        assert len(through_door.good) + len(through_door.rejected) == len(rows)
        if stream not in (Stream.LEADS, Stream.CONTACTS):
            assert through_door.rejected.is_empty(), through_door.rejected.to_dicts()


def test_the_company_has_nothing_to_mend(connection: Connection) -> None:
    assert [finding for finding in connection.source.examine() if not finding.ok] == []
