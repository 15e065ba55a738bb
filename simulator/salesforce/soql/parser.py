"""Recursive descent from tokens to the syntax tree.

    query      SELECT item, … FROM object [WHERE condition] [GROUP BY path, …]
               [ORDER BY key [ASC|DESC] [NULLS FIRST|LAST], …] [LIMIT n] [OFFSET n]
    condition  simple AND simple … | simple OR simple … | NOT simple | simple
    simple     ( condition ) | path operator literal | path [NOT] IN ( literal, … | sub-select )

AND and OR never mix without parentheses, and NOT takes parentheses beside them: `(NOT a = 1) AND b = 2`.
"""

from __future__ import annotations

from simulator.salesforce.soql.ast import (
    Aggregate,
    Boolean,
    Both,
    Comparison,
    Condition,
    Day,
    Either,
    InList,
    InQuery,
    Literal,
    Moment,
    Not,
    Null,
    Number,
    Order,
    Path,
    Query,
    Relative,
    SubQuery,
    Text,
)
from simulator.salesforce.soql.errors import SoqlError
from simulator.salesforce.soql.lexer import Kind, Token, tokens
from simulator.salesforce.soql.relative import COUNTED, FIXED

AGGREGATES = ("COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG")
_RESERVED = frozenset(
    [
        "AND",
        "ASC",
        "DESC",
        "EXCLUDES",
        "FROM",
        "GROUP",
        "HAVING",
        "IN",
        "INCLUDES",
        "LIKE",
        "LIMIT",
        "NOT",
        "NULL",
        "NULLS",
        "OFFSET",
        "OR",
        "ORDER",
        "SELECT",
        "USING",
        "WHERE",
        "WITH",
        "FOR",
        "TYPEOF",
    ]
)
_MAX_STRING = 4000
_MAX_DEPTH = 60
_LARGEST = 2**31 - 1


def parse(query: str) -> Query:
    """The tree of one statement, or SoqlError at the first token that does not fit."""
    return _Parser(query).statement()


class _Parser:
    def __init__(self, query: str) -> None:
        self._query = query
        self._tokens = tokens(query)
        self._at = 0
        self._depth = 0

    def statement(self) -> Query:
        self._keyword("SELECT")
        fields = [self._item()]
        while self._accept_symbol(","):
            fields.append(self._item())
        self._keyword("FROM")
        name = self._object()
        where = self._condition() if self._accept_word("WHERE") else None
        group_by: list[Path] = []
        if self._accept_word("GROUP"):
            self._keyword("BY")
            group_by.append(self._path())
            while self._accept_symbol(","):
                group_by.append(self._path())
        order_by: list[Order] = []
        if self._accept_word("ORDER"):
            self._keyword("BY")
            order_by.append(self._order())
            while self._accept_symbol(","):
                order_by.append(self._order())
        limit = self._whole() if self._accept_word("LIMIT") else None
        offset = self._whole() if self._accept_word("OFFSET") else None
        if self._next.kind is not Kind.END:
            raise self._unexpected()
        return Query(
            tuple(fields), name.text, name.position, where, tuple(group_by), tuple(order_by), limit, offset
        )

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _unexpected(self, token: Token | None = None) -> SoqlError:
        token = token or self._next
        message = "unexpected end of query" if token.kind is Kind.END else f"unexpected token: '{token.text}'"
        return SoqlError("MALFORMED_QUERY", message, self._query, token.position)

    def _accept_word(self, word: str) -> bool:
        if self._next.is_word(word):
            self._take()
            return True
        return False

    def _accept_symbol(self, symbol: str) -> bool:
        if self._next.is_symbol(symbol):
            self._take()
            return True
        return False

    def _keyword(self, word: str) -> None:
        if not self._accept_word(word):
            raise self._unexpected()

    def _symbol(self, symbol: str) -> None:
        if not self._accept_symbol(symbol):
            raise self._unexpected()

    def _name(self) -> Token:
        token = self._next
        if token.kind is not Kind.NAME:
            raise self._unexpected()
        if token.text.upper() in _RESERVED and not self._tokens[self._at + 1].is_symbol("."):
            raise self._unexpected()
        return self._take()

    def _object(self) -> Token:
        """Objects may be called like a keyword: `FROM Group`."""
        if self._next.kind is not Kind.NAME:
            raise self._unexpected()
        return self._take()

    def _whole(self) -> int:
        token = self._next
        if token.kind is not Kind.NUMBER or not token.text.isdigit():
            raise self._unexpected()
        if len(token.text.lstrip("0")) > len(str(_LARGEST)) or int(token.text) > _LARGEST:
            raise self._unexpected()
        return int(self._take().text)

    def _path(self) -> Path:
        first = self._name()
        parts = [first.text]
        while self._accept_symbol("."):
            parts.append(self._name().text)
        if self._next.is_symbol("("):  # a function other than the aggregates
            raise self._unexpected(first)
        return Path(tuple(parts), first.position)

    def _item(self) -> Path | Aggregate:
        aggregate = self._aggregate()
        if aggregate is None:
            return self._path()
        alias = None
        if self._next.kind is Kind.NAME and self._next.text.upper() not in _RESERVED:
            alias = self._take().text
        return Aggregate(aggregate.function, aggregate.argument, alias, aggregate.position)

    def _aggregate(self) -> Aggregate | None:
        token = self._next
        if not (token.is_word(*AGGREGATES) and self._tokens[self._at + 1].is_symbol("(")):
            return None
        self._take()
        self._symbol("(")
        function = token.text.upper()
        argument = None
        if not (function == "COUNT" and self._next.is_symbol(")")):
            argument = self._path()
        self._symbol(")")
        return Aggregate(function, argument, None, token.position)

    def _order(self) -> Order:
        by = self._aggregate() or self._path()
        descending = False
        if self._accept_word("DESC"):
            descending = True
        else:
            self._accept_word("ASC")
        nulls_last = False
        if self._accept_word("NULLS"):
            if self._accept_word("LAST"):
                nulls_last = True
            else:
                self._keyword("FIRST")
        return Order(by, descending, nulls_last)

    def _condition(self) -> Condition:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise SoqlError(
                "QUERY_TOO_COMPLICATED",
                "query is either selecting too many fields or the filter conditions are too complicated",
                self._query,
            )
        try:
            if self._accept_word("NOT"):
                return Not(self._simple())
            first = self._simple()
            if self._next.is_word("AND"):
                return Both(tuple(self._chain(first, "AND")))
            if self._next.is_word("OR"):
                return Either(tuple(self._chain(first, "OR")))
            return first
        finally:
            self._depth -= 1

    def _chain(self, first: Condition, word: str) -> list[Condition]:
        parts = [first]
        while self._accept_word(word):
            parts.append(self._simple())
        return parts

    def _simple(self) -> Condition:
        if self._accept_symbol("("):
            inner = self._condition()
            self._symbol(")")
            return inner
        field = self._path()
        token = self._next
        if token.is_symbol("=", "!=", "<>", "<", "<=", ">", ">="):
            self._take()
            return Comparison(field, "!=" if token.text == "<>" else token.text, self._literal())
        if token.is_word("LIKE"):
            self._take()
            return Comparison(field, "LIKE", self._literal())
        negated = self._accept_word("NOT")
        self._keyword("IN")
        self._symbol("(")
        if self._next.is_word("SELECT"):
            query = self._sub_query()
            self._symbol(")")
            return InQuery(field, query, negated)
        values = [self._literal()]
        while self._accept_symbol(","):
            values.append(self._literal())
        self._symbol(")")
        return InList(field, tuple(values), negated)

    def _sub_query(self) -> SubQuery:
        self._keyword("SELECT")
        field = self._path()
        self._keyword("FROM")
        name = self._object()
        where = self._condition() if self._accept_word("WHERE") else None
        return SubQuery(field, name.text, name.position, where)

    def _literal(self) -> Literal:
        token = self._take()
        match token.kind:
            case Kind.STRING:
                if len(token.value) > _MAX_STRING:
                    raise SoqlError(
                        "MALFORMED_QUERY",
                        "string literal is longer than 4000 characters",
                        self._query,
                        token.position,
                    )
                return Text(token.value, token.pattern, token.position)
            case Kind.NUMBER:
                return Number(token.text, token.position)
            case Kind.DATETIME:
                return Moment(token.text, token.position)
            case Kind.DATE:
                return Day(token.text, token.position)
            case Kind.NAME:
                return self._named_literal(token)
        raise self._unexpected(token)

    def _named_literal(self, token: Token) -> Literal:
        word = token.text.upper()
        if word in ("TRUE", "FALSE"):
            return Boolean(word == "TRUE", token.position)
        if word == "NULL":
            return Null(token.position)
        if word in FIXED:
            return Relative(word, None, token.position)
        if word in COUNTED:
            self._symbol(":")
            return Relative(word, self._whole(), token.position)
        raise self._unexpected(token)
