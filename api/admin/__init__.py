"""How do editors look after the content? Django's admin, kept usable at a million posts.

* A list costs what a page of it costs: newest first by primary key, no other order offered, no
  second count, relations joined.
* Whatever is saved is sanitised, and what is derived from it (text, excerpt, slug) with it.
* Only columns that changed are written: a counter that moved meanwhile is not set back.
* Posts and comments are deleted softly and can be brought back; counters follow.
"""

from api.admin import comments, likes, people, posts

__all__ = ["comments", "likes", "people", "posts"]
