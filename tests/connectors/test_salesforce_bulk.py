"""Result files of bulk jobs that arrive broken, which the simulated org does not send."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connectors.answers import Timing
from connectors.errors import Damaged
from connectors.http import HttpClient
from connectors.salesforce.api import Api
from connectors.salesforce.bulk import Bulk
from connectors.salesforce.errors import judge
from tests.connectors.http_script import Reply, Script, serving

DONE = Reply(body=b'{"state": "JobComplete"}')


@contextmanager
def bulk(*replies: Reply) -> Iterator[Bulk]:
    with serving(Script(*replies)) as script:
        client = HttpClient("salesforce", script.url, judge, timing=Timing(sleep=lambda seconds: None))
        yield Bulk(Api(client, "66.0"))
        client.close()


@pytest.mark.parametrize(
    "body",
    [
        b'"Id","Name"\n"1","' + b"x" * 200_000,
        b'"Id","Name"\n"1"\n',
        b'"Id","Name"\n"1","\xff"\n',
    ],
    ids=["a quote that nobody closes", "a short row", "no UTF-8"],
)
def test_a_broken_result_is_damaged_and_no_row_of_it_is_seen(body: bytes) -> None:
    with bulk(DONE, Reply(body=body)) as jobs, pytest.raises(Damaged, match="bulk file"):
        list(jobs.query_rows("750000000000001"))


def test_a_result_with_fewer_rows_than_it_promises_is_asked_for_again_and_then_damaged() -> None:
    cut = Reply(body=b'"Id"\n"1"\n', headers={"Sforce-NumberOfRecords": "2", "Sforce-Locator": "null"})
    whole = Reply(body=b'"Id"\n"1"\n"2"\n', headers=cut.headers)
    with bulk(DONE, cut, whole) as jobs:
        assert list(jobs.query_rows("750000000000001")) == [([{"Id": "1"}, {"Id": "2"}], None)]
    with bulk(DONE, cut) as jobs, pytest.raises(Damaged, match="1 rows where it promised 2"):
        list(jobs.query_rows("750000000000001"))
