"""How does a Stack Exchange site become content of ours?

    Users.xml ──► profiles, on disk ─┐ (a name is looked up when somebody turns out to have written)
    Posts.xml ──► questions ─────────┼──► posts, tags, authors
    Posts.xml ──► answers ───────────┼──► comments
    Comments.xml ────────────────────┼──► comments, replies to answers
    Votes.xml ──► favourites ────────┴──► likes

Everything that is made names its origin in `source_url`, and is found again by it: running an
import twice changes nothing, and a newer dump of the site changes what has changed there.
"""
