vcl 4.1;

# How does Varnish keep our answers for a day, and never one that a write has changed?
#
# The origin names in `xkey` what each answer depends on, and purges those keys after a write (docs/edge.md).
# A soft purge ends an object's time; what is past its time is in one of these states:
#
#     expired by time, within stale-while-revalidate      served, and renewed behind the reader's back
#     expired by time, later                              renewed first; served if the origin fails
#     purged                                              renewed first, with a condition; never served
#
# varnishd needs `-p http_gzip_support=off` (varnishd.sh): codings and strong entity tags are the origin's.
# Needs varnish-modules, for xkey and var. What is yours to change is in origin.vcl; the rest is here, and in
# codings.vcl, purging.vcl, fetching.vcl, answering.vcl.

import std;
import var;
import xkey;

probe alive {
    .url = "/healthz/live";
    .interval = 1s;
    .timeout = 2s;
    .window = 5;
    .threshold = 2;
    .initial = 2;
}

include "origin.vcl";
include "codings.vcl";
include "purging.vcl";
include "fetching.vcl";
include "answering.vcl";

sub vcl_recv {
    if (req.restarts == 0) {
        # Notes to ourselves, which nobody else may write.
        unset req.http.readpath-authorization;
        unset req.http.readpath-cookie;
        unset req.http.readpath-codings;
        unset req.http.readpath-past;
        unset req.http.readpath-renew;
        unset req.http.readpath-may-be-stale;
        unset req.http.readpath-failed;
        unset req.http.readpath-status;
    }
    if (req.method == "PURGE") {
        call readpath_purge;
    }
    if (req.url !~ "^/[^#]*$" || (!req.http.Host && req.proto == "HTTP/1.1")) {
        return (synth(400));
    }
    if (req.method != "GET" && req.method != "HEAD") {
        if (req.method !~ "^(POST|PUT|PATCH|DELETE|OPTIONS)$") {
            return (synth(405));
        }
        return (pass);
    }
    if (req.restarts == 0) {
        # An answer in parts is nothing that the origin has.
        unset req.http.Range;
        unset req.http.If-Range;
        call readpath_coding;
        call readpath_set_credentials_aside;
    }
    if (req.http.readpath-past) {
        return (pass);
    }
    if (req.http.readpath-renew && !req.http.readpath-failed) {
        set req.grace = 0s;
    } else {
        set req.grace = 1y;
    }
    return (hash);
}

sub readpath_set_credentials_aside {
    # What is public is the same for everybody, so it is asked for as nobody. An answer that says to be
    # private is asked for once more, as who the client is (vcl_deliver).
    if (req.http.Authorization) {
        set req.http.readpath-authorization = req.http.Authorization;
        unset req.http.Authorization;
    }
    if (req.http.Cookie) {
        set req.http.readpath-cookie = req.http.Cookie;
        unset req.http.Cookie;
    }
}

sub vcl_hash {
    # No answer depends on the host under which it was asked for.
    hash_data(req.url);
    return (lookup);
}

sub vcl_hit {
    if (obj.ttl > 0s) {
        return (deliver);
    }
    # A soft purge leaves an object whose time ended at the moment of the purge, and one that was past its
    # time already as it was. So: what ended before the last purge of anything may have been purged.
    if (std.real(var.global_get("purged_at"), 0.0) + 0.01 >= std.real(time = now + obj.ttl)) {
        if (req.http.readpath-failed) {
            return (synth(503));
        }
        if (req.http.readpath-renew) {
            # Found in spite of having no grace: the purge came later than this request.
            return (deliver);
        }
        set req.http.readpath-renew = "1";
        return (restart);
    }
    if (
        obj.ttl + std.duration(obj.http.readpath-revalidate + "s", 0s) > 0s ||
        req.http.readpath-renew ||
        !std.healthy(req.backend_hint)
    ) {
        return (deliver);
    }
    set req.http.readpath-renew = "1";
    set req.http.readpath-may-be-stale = "1";
    return (restart);
}

sub vcl_miss {
    return (fetch);
}

sub vcl_pass {
    if (req.http.readpath-authorization) {
        set req.http.Authorization = req.http.readpath-authorization;
    }
    if (req.http.readpath-cookie) {
        set req.http.Cookie = req.http.readpath-cookie;
    }
    return (fetch);
}
