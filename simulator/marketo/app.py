"""The simulated Marketo as an ASGI application: routes, and what no route knows."""

from __future__ import annotations

import re

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from simulator.credentials import MARKETO
from simulator.http import Endpoint, Platform
from simulator.marketo import (
    activities,
    bulk_extract,
    bulk_import,
    campaigns,
    crm_owned,
    custom_objects,
    describe,
    leads,
    lists,
    members,
    programs,
    removal,
    sync,
    usage,
)
from simulator.marketo.call import Call
from simulator.marketo.errors import NOT_FOUND_TEXT, MarketoError
from simulator.marketo.exports import Exports
from simulator.marketo.gate import Handler, guarded
from simulator.marketo.identity import BadCredentialsError, Identity, Service
from simulator.marketo.import_jobs import Imports
from simulator.marketo.limits import Limits, Usage
from simulator.marketo.paging import Paging
from simulator.marketo.server import Server
from simulator.marketo.transport import Transport
from simulator.world import World

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_IDENTITY = "/identity/oauth/token"

_HANDLERS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/rest/v1/lead/{id:int}.json", leads.lead_by_id),
    ("GET", "/rest/v1/leads.json", leads.leads_by_filter),
    ("POST", "/rest/v1/leads.json", sync.sync_leads),
    ("DELETE", "/rest/v1/leads.json", removal.delete_leads),
    ("POST", "/rest/v1/leads/delete.json", removal.delete_leads),
    ("POST", "/rest/v1/leads/{id:int}/merge.json", removal.merge_leads),
    ("GET", "/rest/v1/leads/describe.json", describe.describe),
    ("GET", "/rest/v1/leads/describe2.json", describe.describe2),
    ("GET", "/rest/v1/leads/schema/fields.json", describe.schema_fields),
    ("POST", "/rest/v1/leads/schema/fields.json", describe.create_fields),
    ("GET", "/rest/v1/leads/schema/fields/{name}.json", describe.schema_field),
    ("GET", "/rest/v1/leads/programs/{id:int}.json", leads.leads_of_program),
    ("POST", "/rest/v1/leads/programs/{id:int}/status.json", members.set_status_of_members),
    ("GET", "/rest/v1/leads/{id:int}/listMembership.json", leads.list_membership),
    ("GET", "/rest/v1/leads/{id:int}/programMembership.json", leads.program_membership),
    ("GET", "/rest/v1/activities/types.json", activities.activity_types),
    ("GET", "/rest/v1/activities/pagingtoken.json", activities.paging_token),
    ("GET", "/rest/v1/activities/leadchanges.json", activities.lead_changes),
    ("GET", "/rest/v1/activities/deletedleads.json", activities.deleted_leads),
    ("GET", "/rest/v1/activities.json", activities.activities),
    ("GET", "/rest/v1/lists.json", lists.lists),
    ("GET", "/rest/v1/lists/{id:int}.json", lists.list_by_id),
    ("GET", "/rest/v1/lists/{id:int}/leads.json", leads.leads_of_list),
    ("GET", "/rest/v1/list/{id:int}/leads.json", leads.leads_of_list),
    ("POST", "/rest/v1/lists/{id:int}/leads.json", lists.add_leads),
    ("DELETE", "/rest/v1/lists/{id:int}/leads.json", lists.remove_leads),
    ("GET", "/rest/v1/lists/{id:int}/leads/ismember.json", lists.are_members),
    ("GET", "/rest/v1/programs/members/describe.json", members.describe),
    ("GET", "/rest/v1/programs/{id:int}/members.json", members.members),
    ("POST", "/rest/v1/programs/{id:int}/members/status.json", members.set_status),
    ("POST", "/rest/v1/programs/{id:int}/members/delete.json", members.remove),
    ("GET", "/rest/v1/campaigns.json", campaigns.campaigns),
    ("GET", "/rest/v1/campaigns/{id:int}.json", campaigns.campaign_by_id),
    ("POST", "/rest/v1/campaigns/{id:int}/trigger.json", campaigns.request),
    ("GET", "/rest/v1/customobjects.json", custom_objects.object_types),
    ("GET", "/rest/v1/customobjects/{name}/describe.json", custom_objects.describe),
    ("GET", "/rest/v1/customobjects/{name}.json", custom_objects.query),
    ("POST", "/rest/v1/customobjects/{name}.json", custom_objects.sync),
    ("POST", "/rest/v1/customobjects/{name}/delete.json", custom_objects.delete),
    ("GET", "/rest/v1/stats/usage.json", usage.usage),
    ("GET", "/rest/v1/stats/usage/last7days.json", usage.usage_of_week),
    ("GET", "/rest/v1/stats/errors.json", usage.errors),
    ("GET", "/rest/v1/stats/errors/last7days.json", usage.errors_of_week),
    ("GET", "/rest/asset/v1/programs.json", programs.programs),
    ("GET", "/rest/asset/v1/program/byName.json", programs.program_by_name),
    ("GET", "/rest/asset/v1/program/{id:int}.json", programs.program_by_id),
    ("GET", "/rest/asset/v1/channels.json", programs.channels),
    ("GET", "/rest/asset/v1/channel/byName.json", programs.channel_by_name),
    ("GET", "/rest/asset/v1/staticLists.json", lists.asset_lists),
    ("GET", "/rest/asset/v1/staticList/byName.json", lists.asset_list_by_name),
    ("GET", "/rest/asset/v1/staticList/{id:int}.json", lists.asset_list_by_id),
    ("GET", "/rest/asset/v1/smartCampaigns.json", campaigns.asset_campaigns),
    ("GET", "/rest/asset/v1/smartCampaign/{id:int}.json", campaigns.asset_campaign_by_id),
    ("POST", "/bulk/v1/leads.json", bulk_import.import_leads),
    ("GET", "/bulk/v1/leads/batch/{id:int}.json", bulk_import.status),
    ("GET", "/bulk/v1/leads/batch/{id:int}/failures.json", bulk_import.failures),
    ("GET", "/bulk/v1/leads/batch/{id:int}/warnings.json", bulk_import.warnings),
    ("POST", "/bulk/v1/leads/export/create.json", bulk_extract.create_leads),
    ("POST", "/bulk/v1/activities/export/create.json", bulk_extract.create_activities),
)
_OF_JOBS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/bulk/v1/{object}/export.json", bulk_extract.jobs),
    ("POST", "/bulk/v1/{object}/export/{{job}}/enqueue.json", bulk_extract.enqueue),
    ("POST", "/bulk/v1/{object}/export/{{job}}/cancel.json", bulk_extract.cancel),
    ("GET", "/bulk/v1/{object}/export/{{job}}/status.json", bulk_extract.status),
    ("GET", "/bulk/v1/{object}/export/{{job}}/file.json", bulk_extract.file),
)


def create_app(world: World, *, limits: Limits | None = None, identity: Identity | None = None) -> Starlette:
    """The application of one world; ``limits`` and ``identity`` are given where their clocks matter."""
    instance = world.marketo
    server = Server(
        world=world,
        instance=instance,
        identity=identity or Identity(),
        limits=limits or Limits(),
        usage=Usage(),
        paging=Paging(instance.seed),
        exports=Exports(instance.now, instance.seed),
        imports=Imports(),
    )
    server.identity.add(Service(MARKETO.client_id, MARKETO.client_secret, instance.api_user))
    routes = [Route(path, guarded(server, handler), methods=[method]) for method, path, handler in _table()]
    routes.append(Route(_IDENTITY, _token_endpoint(server), methods=["GET", "POST"]))
    unknown = guarded(server, _unknown(tuple(routes)))
    app = Starlette(
        routes=[*routes, Route("/{path:path}", unknown, methods=_METHODS)],
        middleware=[
            Middleware(
                Platform,
                world=world,
                name="marketo",
                endpoint_of=endpoint_of,
                is_token=is_token,
                status_body=status_body,
            ),
            Middleware(Transport),
        ],
    )
    app.state.server = server
    return app


marketo_app = create_app


def endpoint_of(method: str, path: str) -> str:
    """``GET /rest/v1/lead/{id}.json``: numbers and job ids are taken out, so that calls can be counted."""
    path = re.sub(r"/[0-9a-f]{8}-[0-9a-f-]{27}(?=[/.])", "/{job}", path)
    return f"{method} {re.sub(r'/[0-9]+(?=[/.])', '/{id}', path)}"


def is_token(path: str) -> bool:
    return path == _IDENTITY


def status_body(status: int) -> tuple[bytes, str]:
    """What the gateway in front of the API says for itself."""
    words = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}
    text = f"{status} {words.get(status, 'Error')}"
    page = f"<html><head><title>{text}</title></head><body><center><h1>{text}</h1></center></body></html>"
    return page.encode(), "text/html"


def _table() -> list[tuple[str, str, Handler]]:
    of_jobs = [
        (method, path.format(object=kind), handler)
        for kind in ("leads", "activities")
        for method, path, handler in _OF_JOBS
    ]
    of_crm = [
        (method, f"/rest/v1/{path}{end}.json", crm_owned.refused)
        for path in crm_owned.PATHS
        for method, end in (("GET", ""), ("POST", ""), ("GET", "/describe"), ("POST", "/delete"))
    ]
    return [*_HANDLERS, *of_jobs, *of_crm]


def _unknown(routes: tuple[Route, ...]) -> Handler:
    def handler(server: Server, call: Call) -> Response:
        scope = {"type": "http", "method": call.method, "path": call.path, "headers": []}
        if any(route.matches(scope)[0] is Match.PARTIAL for route in routes):
            raise MarketoError("605", f"Request method '{call.method}' not supported")
        raise MarketoError("610", NOT_FOUND_TEXT)

    return handler


def _token_endpoint(server: Server) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        call = Call.of(request, await request.body(), server.request_id())
        headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
        try:
            granted = server.identity.grant(
                call.text("grant_type"), call.text("client_id"), call.text("client_secret")
            )
        except BadCredentialsError as error:
            body = {"error": error.error, "error_description": error.description}
            return JSONResponse(body, status_code=401, headers=headers)
        return JSONResponse(granted, headers=headers)

    return endpoint
