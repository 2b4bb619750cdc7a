"""How is each product told what to forget?

varnish, plain (by a method of HTTP, at the edge itself) · fastly, cloudflare (at the vendor's
interface) · http (one kept connection) · answers (what a refusal means).
"""
