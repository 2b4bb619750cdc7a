"""What does OpenAPI say of the writes and of drafts? One decorator for each operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from api.openapi import in_path, in_query
from api.openapi_operations import ON_EXISTING, ON_NEW, Operation, describes, header, problems
from api.serializers.comments import CommentItem
from api.serializers.drafts import Draft, DraftItem
from api.serializers.writing import (
    CommentChange,
    CommentCreate,
    CommentReplace,
    LikeState,
    PostChange,
    PostCreate,
    PostReplace,
    Publication,
)

# A post that has been written is shown as the public sees it, or as its author does if nobody else may.
_POST: Final = {
    "anyOf": [{"$ref": "#/components/schemas/PostDetail"}, {"$ref": "#/components/schemas/Draft"}]
}

creates_post: Final = describes(
    "post_create",
    "Write a post",
    path="",
    success=201,
    shows=_POST,
    takes=PostCreate,
    errors=ON_NEW,
    description="The post is a draft until it is published.",
    examples=[
        OpenApiExample(
            "A draft",
            {
                "title": "Ale and lager",
                "body": "<p>Both are <em>beer</em>.</p>",
                "category": "beer",
                "tags": ["ale"],
            },
            request_only=True,
        ),
    ],
)
replaces_post: Final = describes(
    "post_replace",
    "Replace a post",
    path="{reference}",
    success=200,
    shows=_POST,
    takes=PostReplace,
    description="What is left out becomes what it is in a new post; the slug is kept.",
)
changes_post: Final = describes(
    "post_change",
    "Change some of a post",
    path="{reference}",
    success=200,
    shows=_POST,
    takes=PostChange,
    examples=[OpenApiExample("Another title", {"title": "Lager and ale"}, request_only=True)],
)
deletes_post: Final = describes("post_delete", "Delete a post", path="{reference}", success=204)
publishes_post: Final = describes(
    "post_publish",
    "Publish a post",
    path="{reference}",
    success=200,
    shows=_POST,
    takes=Publication,
    errors=ON_EXISTING - {428},
    examples=[
        OpenApiExample("At a moment to come", {"published_at": "2040-01-01T00:00:00Z"}, request_only=True)
    ],
)
archives_post: Final = describes(
    "post_archive",
    "Archive a post",
    path="{reference}",
    success=200,
    shows=_POST,
    errors=ON_EXISTING - {428},
)
likes_post: Final = describes(
    "post_like",
    "Like a post",
    path="{reference}",
    success=200,
    shows=LikeState,
    has_etag=False,
    errors=ON_EXISTING - {428},
    description="However often it is said, an author likes a post once.",
)
unlikes_post: Final = describes(
    "post_unlike",
    "Like a post no longer",
    path="{reference}",
    success=200,
    shows=LikeState,
    has_etag=False,
    errors=ON_EXISTING - {428},
)

creates_comment: Final = describes(
    "comment_create",
    "Answer a post",
    path="{id}",
    success=201,
    shows=CommentItem,
    takes=CommentCreate,
    errors=ON_NEW | {404},
    examples=[
        OpenApiExample("An answer to a comment", {"body": "<p>So it is.</p>", "parent": 7}, request_only=True)
    ],
)
replaces_comment: Final = describes(
    "comment_replace",
    "Replace a comment",
    path="{id}",
    success=200,
    shows=CommentItem,
    takes=CommentReplace,
)
changes_comment: Final = describes(
    "comment_change",
    "Change a comment",
    path="{id}",
    success=200,
    shows=CommentItem,
    takes=CommentChange,
)
deletes_comment: Final = describes("comment_delete", "Delete a comment", path="{id}", success=204)


def lists_drafts(parameters: Sequence[Any]) -> Callable[[Operation], Operation]:
    """Describe the list of what the public does not see."""
    page = inline_serializer(
        "DraftPage",
        {
            "next": serializers.CharField(allow_null=True, help_text="The URL of the page that follows."),
            "previous": serializers.CharField(allow_null=True, help_text="The URL of the page before."),
            "results": DraftItem(many=True),
        },
    )
    return extend_schema(
        operation_id="draft_list",
        summary="List what the public does not see",
        tags=["writing"],
        parameters=in_query(parameters),
        responses={200: page, **problems(frozenset({400, 401, 403, 404, 503}))},
    )


shows_draft: Final = extend_schema(
    operation_id="draft_detail",
    summary="Show what the public does not see",
    tags=["writing"],
    parameters=[*in_path("{reference}"), header("ETag", "What to name in If-Match.", 200)],
    responses={
        200: Draft,
        304: OpenApiResponse(description="The client has this representation already."),
        **problems(frozenset({401, 403, 404, 412, 503})),
    },
)
