"""Schemas brought into the form that llguidance enforces exactly.

The result uses few keywords, each only where it is enforced, and matches no value that the given
schema does not match. It may match fewer: an object that lists its properties gets no others
unless the schema says so, and keywords that concern one type imply that type.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from palaver.chat.schema.arrays import normalise_arrays
from palaver.chat.schema.disjoint import ALL_TYPES, Disjointness, Schema
from palaver.chat.schema.formats import NUMBER_FORMATS, STRING_FORMATS
from palaver.chat.schema.keywords import (
    ANNOTATIONS,
    COMBINING_KEYWORDS,
    FAMILIES,
    HARMLESS,
    NEW_DIALECT,
    OLD_DIALECTS,
    UNENFORCEABLE,
    VALUE_KEYWORDS,
)
from palaver.chat.schema.numbers import normalise_numbers
from palaver.chat.schema.objects import normalise_objects
from palaver.chat.schema.place import Place, shown
from palaver.chat.schema.reference import target_of
from palaver.chat.schema.strings import normalise_strings
from palaver.chat.schema.values import check_value, has_type

MAX_NODES = 2000
MAX_DEPTH = 45
_MAX_DEPTH_THROUGH_REFERENCES = 300
_MAX_VALUE_DEPTH = 20
_MAX_ALTERNATIVES = 100
_KNOWN_TYPES = (*ALL_TYPES, "integer")

Keywords = dict[str, Any]


class Normaliser:
    """Brings one schema, and all that it refers to, into normal form.

    Args:
        schema: As the client sent it.
        place: Its path in the request.

    Attributes:
        root: The schema in normal form.
        definitions: Definitions that its ``#/$defs/…`` refer to.
        places: Each part in normal form and where it came from, parts before wholes.

    Raises:
        InvalidRequest: A keyword cannot be enforced, or nothing can match.
    """

    def __init__(self, schema: Any, place: Place) -> None:
        self._document = schema
        self._place = place
        self._num_nodes = 0
        self._depth = 0
        self._total_depth = 0
        self._names: dict[tuple[str, bool], str] = {}
        self._alternatives: list[tuple[Place, list[Schema], list[Schema]]] = []
        self.definitions: dict[str, Schema] = {}
        self.places: list[tuple[Place, Schema]] = []
        self._is_old_dialect = _is_old_dialect(schema, place)
        self.root = self._schema(schema, place, is_merged=False)
        if self.root is False:
            place.refuse("nothing matches it")
        self._check_alternatives_disjoint()

    def _schema(self, given: Any, place: Place, *, is_merged: bool) -> Schema:
        """The normal form of a schema.

        Args:
            given: The schema.
            place: Its path in the request.
            is_merged: Whether other schemas apply to the same value, or to one around it, so that
                this one may not be narrowed.
        """
        if isinstance(given, bool):
            return given
        if not isinstance(given, dict):
            place.refuse(f"must be a schema (an object or a boolean), is {shown(given)}")
        with self._one_deeper(place):
            normal = self._node(self._keywords(given, place), place, is_merged=is_merged)
        self.places.append((place, normal))
        return normal

    @contextmanager
    def _one_deeper(self, place: Place) -> Iterator[None]:
        self._count(1)
        self._depth += 1
        self._total_depth += 1
        if self._depth > MAX_DEPTH:
            place.refuse(f"is nested more than {MAX_DEPTH} deep")
        if self._total_depth > _MAX_DEPTH_THROUGH_REFERENCES:
            place.refuse("is reached through too many references, one within the other")
        yield
        self._depth -= 1
        self._total_depth -= 1

    def _count(self, num: int) -> None:
        self._num_nodes += num
        if self._num_nodes > MAX_NODES:
            self._place.refuse(f"has more than {MAX_NODES} parts")

    def _keywords(self, given: dict[str, Any], place: Place) -> Keywords:
        """The keywords that constrain values."""
        at_top = ("$schema", "$id") if given is self._document else ()
        keywords: Keywords = {}
        for keyword, value in given.items():
            if keyword in ANNOTATIONS or keyword.startswith("x-") or keyword in at_top:
                continue
            if keyword in HARMLESS and value is HARMLESS[keyword]:
                continue
            if keyword in UNENFORCEABLE:
                place.cannot(keyword, UNENFORCEABLE[keyword])
            if keyword not in ENFORCED:
                place.cannot(keyword, "it is not known here")
            keywords[keyword] = value
        return keywords

    def _node(self, keywords: Keywords, place: Place, *, is_merged: bool) -> Schema:
        num_constraints = _num_constraints(keywords)
        if num_constraints == 1 and len(keywords) == 1 and "allOf" in keywords:
            (only,) = _schemas(keywords["allOf"], place / "allOf")
            return self._schema(only, place / "allOf" / 0, is_merged=is_merged)
        is_merged = is_merged or num_constraints > 1
        types = _types(keywords, place)
        if types is None and not is_merged:
            families = [kind for kind, names in FAMILIES.items() if keywords.keys() & names]
            types = (families[0],) if len(families) == 1 else None
        normal: dict[str, Any] = {}
        is_typed = False
        for keyword in keywords:
            if keyword in VALUE_KEYWORDS:
                normal[keyword] = self._values(keyword, keywords, types, place)
            elif keyword in COMBINING_KEYWORDS:
                self._combine(normal, keyword, keywords[keyword], place, is_merged=is_merged)
            elif not is_typed:
                is_typed = True
                _add(normal, self._of_types(keywords, types, place, is_merged=is_merged))
        return normal

    def _of_types(
        self, keywords: Keywords, types: tuple[str, ...] | None, place: Place, *, is_merged: bool
    ) -> dict[str, Any]:
        """The normal form of the keywords of the possible types."""
        kinds = {*ALL_TYPES} if types is None else {*types}
        normal: dict[str, Any] = {}
        if types is not None:
            normal["type"] = types[0] if len(types) == 1 else list(types)
        given = {kind: keywords.keys() & names for kind, names in FAMILIES.items()}
        _check_format(keywords, kinds, place)
        subschema = partial(self._schema, is_merged=is_merged)
        if "string" in kinds and given["string"]:
            _add(normal, normalise_strings(keywords, place))
        is_integer = "number" not in kinds
        if not is_integer and (given["number"] or "format" in keywords):
            normal |= normalise_numbers(keywords, place, is_integer=False)
        if is_integer and "integer" in kinds:
            normal |= normalise_numbers(keywords, place, is_integer=True)
        if "array" in kinds and given["array"]:
            old = self._is_old_dialect
            normal |= normalise_arrays(keywords, place, subschema, is_old_dialect=old)
        if "object" in kinds and given["object"]:
            normal |= normalise_objects(keywords, place, subschema, is_closed=not is_merged)
        return normal

    def _values(
        self, keyword: str, keywords: Keywords, types: tuple[str, ...] | None, place: Place
    ) -> Any:
        """The value of ``const``, or those values of ``enum`` that have the right type."""
        here = place / keyword
        values = [keywords[keyword]] if keyword == "const" else keywords[keyword]
        if not isinstance(values, list) or not values:
            here.refuse(f"must be a list of values, is {shown(values)}")
        for i, value in enumerate(values):
            there = here if keyword == "const" else here / i
            self._count(check_value(value, there, _MAX_VALUE_DEPTH))
        fitting = [value for value in values if types is None or has_type(value, types)]
        if not fitting:
            here.refuse("none of its values has the required type")
        return fitting[0] if keyword == "const" else fitting

    # -- combinations ------------------------------------------------------------------------

    def _combine(
        self, normal: dict[str, Any], keyword: str, value: Any, place: Place, *, is_merged: bool
    ) -> None:
        here = place / keyword
        if keyword == "$ref":
            _add(normal, {"$ref": self._reference(value, here, is_merged=is_merged)})
            return
        options = _schemas(value, here)
        parts = [self._schema(o, here / i, is_merged=is_merged) for i, o in enumerate(options)]
        if keyword == "allOf":
            _add(normal, {"allOf": parts})
            return
        _add(normal, {"anyOf": parts})
        if keyword == "oneOf":
            if len(options) > _MAX_ALTERNATIVES:
                here.refuse(f"has {len(options)} alternatives; {_MAX_ALTERNATIVES} are the limit")
            num_places = len(self.places)
            exact = parts if is_merged else [self._schema(o, here, is_merged=True) for o in options]
            del self.places[num_places:]
            self._alternatives.append((place, parts, exact))

    def _check_alternatives_disjoint(self) -> None:
        """Refuse a ``oneOf`` of which two alternatives may match; it is enforced as ``anyOf``."""
        disjointness = Disjointness(self.definitions)
        for place, narrowed, exact in self._alternatives:
            for i, one in enumerate(narrowed):
                for j, other in enumerate(exact):
                    if i != j and not disjointness.holds(one, other):
                        first, second = sorted((i, j))
                        why = f'alternatives {first} and {second} may both match; "anyOf" can'
                        place.cannot("oneOf", why)

    def _reference(self, reference: Any, place: Place, *, is_merged: bool) -> str:
        """A reference to the normal form of what a reference refers to."""
        target, steps = target_of(self._document, reference, place)
        key = ("/".join(map(str, steps)), is_merged)
        if key not in self._names:
            name = self._names[key] = f"d{len(self._names)}"
            self.definitions[name] = True
            there = self._place
            for step in steps:
                there /= step
            depth, self._depth = self._depth, 0
            self.definitions[name] = self._schema(target, there, is_merged=is_merged)
            self._depth = depth
        return f"#/$defs/{self._names[key]}"


ENFORCED = {
    "type",
    *VALUE_KEYWORDS,
    *COMBINING_KEYWORDS,
    *(keyword for keywords in FAMILIES.values() for keyword in keywords),
}


def _num_constraints(keywords: Keywords) -> int:
    """How many schemas apply to the same value, those keywords that concern types being one."""
    num = sum(keyword in VALUE_KEYWORDS + COMBINING_KEYWORDS for keyword in keywords)
    num += any(keyword in names for names in FAMILIES.values() for keyword in keywords)
    if isinstance(all_of := keywords.get("allOf"), list):
        num += max(len(all_of) - 1, 0)
    return num


def _add(normal: dict[str, Any], more: dict[str, Any]) -> None:
    """Add keywords, combined with those that are there already."""
    for keyword, value in more.items():
        if keyword == "allOf":
            normal.setdefault("allOf", []).extend(value)
        elif keyword in normal:
            normal.setdefault("allOf", []).append({keyword: value})
        else:
            normal[keyword] = value


def _schemas(value: Any, place: Place) -> list[Any]:
    if not isinstance(value, list) or not value:
        place.refuse(f"must be a list of schemas, is {shown(value)}")
    return value


def _types(keywords: Keywords, place: Place) -> tuple[str, ...] | None:
    given = keywords.get("type")
    if "type" not in keywords:
        return None
    types = [given] if isinstance(given, str) else given
    if not isinstance(types, list) or not types:
        (place / "type").refuse(f"must be a type or a list of types, is {shown(given)}")
    for name in types:
        if name not in _KNOWN_TYPES:
            (place / "type").refuse(f"{shown(name)} is not one of {', '.join(_KNOWN_TYPES)}")
    unique = dict.fromkeys(types)
    if "number" in unique:
        unique.pop("integer", None)
    return tuple(unique)


def _check_format(keywords: Keywords, kinds: set[str], place: Place) -> None:
    if "format" not in keywords:
        return
    name = keywords["format"]
    known = [*STRING_FORMATS] if "string" in kinds else []
    known += [*NUMBER_FORMATS] if kinds & {"number", "integer"} else []
    if known and name not in known:
        place.cannot("format", f"{shown(name)} is not one of {', '.join(known)}")


def _is_old_dialect(schema: Any, place: Place) -> bool:
    if not isinstance(schema, dict) or "$schema" not in schema:
        return False
    dialect = schema["$schema"]
    name = dialect.removesuffix("#") if isinstance(dialect, str) else dialect
    if name == NEW_DIALECT:
        return False
    if name not in OLD_DIALECTS:
        known = ", ".join((NEW_DIALECT, *sorted(OLD_DIALECTS)))
        (place / "$schema").refuse(f"the dialect {shown(dialect)} is not one of {known}")
    return True
