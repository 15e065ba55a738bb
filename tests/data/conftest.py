from tests.ledger_fixtures import *  # noqa: F403  fixtures for every test of this folder
