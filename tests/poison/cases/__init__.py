"""Which ways to poison a cache are known? The cases, by kind; a new one is a line in its module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tests.poison.case import Case
from tests.poison.cases import (
    bodies,
    codings,
    conditions,
    edge_fields,
    errors,
    framing,
    hop_by_hop,
    hosts,
    malformed,
    methods,
    origin_answers,
    oversize,
    parameters,
    paths,
    private,
    ranges,
    unkeyed,
)

KINDS: Final[Mapping[str, Sequence[Case]]] = {
    # First, because some of them make a proxy wait, and the others can be run meanwhile.
    "the origin's answers": origin_answers.CASES,
    "unkeyed fields": unkeyed.CASES,
    "hosts and schemes": hosts.CASES,
    "methods": methods.CASES,
    "codings": codings.CASES,
    "ranges": ranges.CASES,
    "preconditions": conditions.CASES,
    "oversize": oversize.CASES,
    "malformed": malformed.CASES,
    "hop by hop": hop_by_hop.CASES,
    "edge fields and purges": edge_fields.CASES,
    "bodies": bodies.CASES,
    "framing": framing.CASES,
    "paths": paths.CASES,
    "parameters": parameters.CASES,
    "errors and redirects": errors.CASES,
    "private": private.CASES,
}
