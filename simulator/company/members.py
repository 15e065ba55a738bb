"""Membership of programs, and of the campaigns that mirror them for people whom Salesforce knows."""

from __future__ import annotations

from datetime import datetime

from simulator.company.activities import status_change
from simulator.company.campaigns import MEMBER_STATUS, Program
from simulator.company.people import Person
from simulator.company.scene import Scene
from simulator.marketo.moments import to_text
from simulator.marketo.program_store import NOT_IN_PROGRAM
from simulator.salesforce.errors import RecordError


class Members:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._campaign_members: dict[tuple[str, str], str | None] = {}
        self._gathered: dict[tuple[str, str], dict[str, object]] = {}

    def progress(self, person: Person, program: Program, status: str, at: datetime) -> None:
        """Moves somebody to a status of a program; nobody moves back."""
        who = person.marketo_id
        if who is None or person.gone:
            return
        programs = self._scene.marketo.programs
        new = programs.status(program.id, status)
        if new is None:
            raise ValueError(f"program {program.name!r} has no status {status!r}")
        member = programs.member(program.id, who)
        old = programs.status(program.id, member["status"] if member else NOT_IN_PROGRAM)
        assert old is not None
        if member is None:
            member_id = self._scene.marketo.add_member(program.id, who, status, at, activity=False)
        elif new.step <= old.step:
            return
        else:
            member_id = member["id"]
            programs.move_member(member_id, new, to_text(at))
        row = status_change(
            who, at, program.id, program.name, member_id, (old.id, old.name), (new.id, new.name), new.success
        )
        self._scene.write([row])
        self._mirror(person, program, status, at)

    def _mirror(self, person: Person, program: Program, status: str, at: datetime) -> None:
        record = person.contact_id or person.lead_id
        if program.campaign_id is None or record is None:
            return
        key, shown = (program.campaign_id, record), MEMBER_STATUS.get(status, "Sent")
        column, by = "ContactId" if person.contact_id else "LeadId", self._scene.staff.sync_user
        row: dict[str, object] = {"CampaignId": program.campaign_id, column: record, "Status": shown}
        if self._scene.history:
            stamped = {**row, "CreatedById": by, "CreatedDate": at}
            self._gathered.setdefault(key, stamped).update(
                Status=shown, LastModifiedDate=at, LastModifiedById=by
            )
            return
        try:
            known = self._campaign_members.get(key)
            if known:
                self._scene.org.update("CampaignMember", known, {"Status": shown}, by=by, at=at)
            else:
                self._campaign_members[key] = self._scene.org.insert("CampaignMember", row, by=by, at=at)
        except RecordError:
            # The lead was converted, merged or deleted meanwhile: native sync logs this and goes on.
            self._campaign_members[key] = None

    def end_history(self) -> None:
        ids = self._scene.org.load("CampaignMember", self._gathered.values())
        self._campaign_members = dict(zip(self._gathered, ids, strict=True))
        self._gathered = {}
