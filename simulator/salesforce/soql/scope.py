"""Field paths to SQL columns, through as many joins as the relationships need."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.salesforce.schema import Field, Schema, SObject, Type, make
from simulator.salesforce.soql.ast import Path
from simulator.salesforce.soql.errors import SoqlError
from simulator.salesforce.store import quoted

_MAX_LEVELS = 5
# What a relationship shows that may lead to several objects (`Owner` of a lead, `Who` of a task).
_NAME_FIELDS = {
    f.name.lower(): f
    for f in (
        make("Id", Type.ID, length=18),
        make("Name", Type.STRING, length=255),
        make("Type", Type.PICKLIST, length=40),
        make("FirstName", Type.STRING, length=40),
        make("LastName", Type.STRING, length=80),
        make("Email", Type.EMAIL, length=80),
        make("Phone", Type.PHONE, length=40),
        make("Title", Type.STRING, length=128),
        make("Alias", Type.STRING, length=8),
        make("Username", Type.STRING, length=80),
        make("IsActive", Type.BOOLEAN),
        make("UserRoleId", Type.REFERENCE, length=18, reference_to=("UserRole",)),
    )
}


@dataclass(frozen=True)
class Column:
    """A resolved path: its SQL expression, its field, and the path in the org's own spelling."""

    sql: str
    field: Field
    path: tuple[str, ...]
    object_name: str

    @property
    def type(self) -> Type:
        return self.field.type


@dataclass(frozen=True)
class Entity:
    """One joined table (or several, where the relationship is polymorphic) under a relationship path."""

    path: tuple[str, ...]
    aliases: tuple[tuple[str, SObject], ...]

    @property
    def polymorphic(self) -> bool:
        return len(self.aliases) > 1

    @property
    def type_name(self) -> str:
        return "Name" if self.polymorphic else self.aliases[0][1].name

    @property
    def id_sql(self) -> str:
        return _coalesced([f"{alias}.{quoted('Id')}" for alias, _ in self.aliases])

    @property
    def object_sql(self) -> str:
        """Which object the record is of, for its address."""
        if not self.polymorphic:
            return f"'{self.aliases[0][1].name}'"
        cases = " ".join(f"WHEN {a}.{quoted('Id')} IS NOT NULL THEN '{o.name}'" for a, o in self.aliases)
        return f"CASE {cases} END"


@dataclass
class Scope:
    """The FROM clause of one (sub-)query, growing as paths are resolved."""

    schema: Schema
    root: SObject
    query: str
    prefix: str = "t"
    _entities: dict[tuple[str, ...], Entity] = field(default_factory=dict)
    _joins: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._entities[()] = Entity((), ((f"{self.prefix}0", self.root),))

    @property
    def alias(self) -> str:
        return f"{self.prefix}0"

    @property
    def from_sql(self) -> str:
        return " ".join([f"{quoted(self.root.name)} AS {self.alias}", *self._joins])

    def entity(self, path: tuple[str, ...]) -> Entity:
        return self._entities[path]

    def resolve(self, path: Path) -> Column:
        parts = path.parts
        if (
            len(parts) > 1
            and parts[0].lower() == self.root.name.lower()
            and not self._relationship(self.root, parts[0])
        ):
            parts = parts[1:]  # `Lead.Id` in a query on Lead
        if len(parts) - 1 > _MAX_LEVELS:
            raise SoqlError(
                "MALFORMED_QUERY",
                f"SOQL relationship path '{path}' goes more than {_MAX_LEVELS} levels up",
                self.query,
                path.position,
            )
        entity = self._entities[()]
        for name in parts[:-1]:
            entity = self._step(entity, name, path)
        return self._column(entity, parts[-1], path)

    def _relationship(self, sobject: SObject, name: str) -> Field | None:
        return sobject.relationships.get(name.lower())

    def _step(self, entity: Entity, name: str, path: Path) -> Entity:
        reference = None if entity.polymorphic else self._relationship(entity.aliases[0][1], name)
        if reference is None or reference.relationship is None:
            raise SoqlError(
                "INVALID_FIELD",
                f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
                "relationship, be sure to append the '__r' after the custom relationship name. Please reference "
                "your WSDL or the describe call for the appropriate names.",
                self.query,
                path.position,
            )
        key = (*entity.path, reference.relationship)
        if key not in self._entities:
            parent = entity.aliases[0][0]
            aliases = []
            for target in reference.reference_to:
                sobject = self.schema.get(target)
                if sobject is None:
                    continue
                alias = f"{self.prefix}{len(self._joins) + 1}"
                self._joins.append(
                    f"LEFT JOIN {quoted(sobject.name)} AS {alias} "
                    f"ON {alias}.{quoted('Id')} = {parent}.{quoted(reference.name)}"
                )
                aliases.append((alias, sobject))
            self._entities[key] = Entity(key, tuple(aliases))
        return self._entities[key]

    def _column(self, entity: Entity, name: str, path: Path) -> Column:
        if entity.polymorphic:
            return self._name_column(entity, name, path)
        alias, sobject = entity.aliases[0]
        found = sobject.field(name)
        if found is None:
            raise self._no_such_column(name, sobject.name, path)
        return Column(f"{alias}.{quoted(found.name)}", found, (*entity.path, found.name), sobject.name)

    def _name_column(self, entity: Entity, name: str, path: Path) -> Column:
        found = _NAME_FIELDS.get(name.lower())
        if found is None:
            raise self._no_such_column(name, "Name", path)
        if found.name == "Type":
            sql = _type_sql(entity)
        else:
            having = [(a, o) for a, o in entity.aliases if found.name in o.fields]
            sql = _coalesced([f"{a}.{quoted(found.name)}" for a, _ in having]) if having else "NULL"
        return Column(sql, found, (*entity.path, found.name), "Name")

    def _no_such_column(self, name: str, entity: str, path: Path) -> SoqlError:
        return SoqlError(
            "INVALID_FIELD",
            f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure "
            "to append the '__c' after the custom field name. Please reference your WSDL or the describe call "
            "for the appropriate names.",
            self.query,
            path.position,
        )


def _coalesced(expressions: list[str]) -> str:
    return expressions[0] if len(expressions) == 1 else f"COALESCE({', '.join(expressions)})"


def _type_sql(entity: Entity) -> str:
    """`User`, `Queue`, `Lead`: a group says itself what it is."""
    cases = []
    for alias, sobject in entity.aliases:
        shown = f"{alias}.{quoted('Type')}" if sobject.name == "Group" else f"'{sobject.name}'"
        cases.append(f"WHEN {alias}.{quoted('Id')} IS NOT NULL THEN {shown}")
    return f"CASE {' '.join(cases)} END"
