# What does the origin get to see, and what of its answers is kept?
#
# What is kept was asked for as nobody, says in so many words for how long, and is the same for everybody.

sub vcl_backend_fetch {
    if (bereq.method == "GET" || bereq.method == "HEAD") {
        unset bereq.body;
    }
    if (!bereq.uncacheable) {
        # What would make an answer somebody's own; the host is that of origin.vcl.
        unset bereq.http.Host;
        unset bereq.http.Forwarded;
        unset bereq.http.X-Forwarded-Host;
        unset bereq.http.X-Forwarded-Port;
        unset bereq.http.X-Forwarded-Prefix;
        unset bereq.http.X-Original-URL;
        unset bereq.http.X-Rewrite-URL;
        unset bereq.http.X-HTTP-Method;
        unset bereq.http.X-HTTP-Method-Override;
        unset bereq.http.X-Method-Override;
    }
    var.set("may_be_stale", bereq.http.readpath-may-be-stale);
    unset bereq.http.readpath-authorization;
    unset bereq.http.readpath-cookie;
    unset bereq.http.readpath-codings;
    unset bereq.http.readpath-past;
    unset bereq.http.readpath-renew;
    unset bereq.http.readpath-may-be-stale;
    unset bereq.http.readpath-failed;
    unset bereq.http.readpath-status;
    var.set("purge", var.global_get("purge"));
    var.set_real("began_at", std.real(time = now));
    return (fetch);
}

sub vcl_backend_response {
    if (bereq.uncacheable) {
        return (deliver);
    }
    # Streamed, for so it can be purged from its headers on, not only when its body has come.
    set beresp.do_stream = true;
    if (beresp.status >= 500 && (bereq.is_bgfetch || var.get("may_be_stale") == "1")) {
        return (abandon);
    }
    std.collect(beresp.http.Cache-Control);
    unset beresp.http.readpath-fwd-status;
    if (beresp.was_304) {
        set beresp.http.readpath-fwd-status = "; fwd-status=304";
    }
    if (beresp.status == 401 || beresp.status == 403 || beresp.http.Cache-Control ~ "(?i)\bprivate\b") {
        return (pass(60s));
    }
    std.collect(beresp.http.Vary);
    call readpath_lifetimes;
    if (
        # Only what says how long, in so many words,
        beresp.ttl <= 0s || "" + beresp.status !~ "^(200|301|308|404|410)$" ||
        # is the same for everybody
        beresp.http.Set-Cookie || beresp.http.Vary !~ "(?i)^(accept-encoding)?$" ||
        # and cannot have been read before a purge that went by meanwhile; nor took so long that it were kept
        # after the second purge of an edge that is told again after 2 s. (This one is told after half a
        # second, for all that can come late here is what was looked at on this line just before a purge.)
        var.get("purge") != var.global_get("purge") ||
        std.real(time = now) > var.get_real("began_at") + 2.0
    ) {
        call readpath_let_go;
    }
    return (deliver);
}

sub readpath_lifetimes {
    std.collect(beresp.http.Surrogate-Control);
    std.collect(beresp.http.CDN-Cache-Control);
    if (beresp.http.Surrogate-Control) {
        set beresp.http.readpath-lifetimes = beresp.http.Surrogate-Control;
    } elsif (beresp.http.CDN-Cache-Control) {
        set beresp.http.readpath-lifetimes = beresp.http.CDN-Cache-Control;
    } else {
        set beresp.http.readpath-lifetimes = beresp.http.Cache-Control;
    }
    if (beresp.http.readpath-lifetimes + "," + beresp.http.Cache-Control ~ "(?i)\b(no-store|no-cache)\b") {
        set beresp.ttl = 0s;
        return;
    }
    # An edge behind us has kept it for `Age` already.
    set beresp.ttl = std.duration(
        regsub(beresp.http.readpath-lifetimes, "(?i)^(?:.*,)?[ \t]*max-age=([0-9]{1,9})(?:[ \t]*,.*)?$", "\1") + "s", 0s
    ) - beresp.age;
    set beresp.http.readpath-revalidate = regsub(
        beresp.http.readpath-lifetimes, "(?i)^(?:.*,)?[ \t]*stale-while-revalidate=([0-9]{1,9})(?:[ \t]*,.*)?$", "\1"
    );
    set beresp.grace = std.duration(beresp.http.readpath-revalidate + "s", 0s);
    set beresp.http.readpath-on-error = regsub(
        beresp.http.readpath-lifetimes, "(?i)^(?:.*,)?[ \t]*stale-if-error=([0-9]{1,9})(?:[ \t]*,.*)?$", "\1"
    );
    if (std.duration(beresp.http.readpath-on-error + "s", 0s) > beresp.grace) {
        set beresp.grace = std.duration(beresp.http.readpath-on-error + "s", 0s);
    }
    # Time in which the body can still be confirmed by a 304 instead of being sent again.
    set beresp.keep = 1h;
    call readpath_labels;
}

sub readpath_labels {
    std.collect(beresp.http.xkey, " ");
    # The path is a label, too, for writes that pass here (purging.vcl). A 304 has brought the one of before.
    set beresp.http.xkey = regsuball(beresp.http.xkey, "(^| )/[^ ]*", "");
    if (beresp.http.xkey == "" && beresp.ttl > 60s) {
        # Nothing could purge it.
        set beresp.ttl = 60s;
    }
    if (bereq.url ~ "^[^?, ]{1,200}(\?|$)") {
        set beresp.http.xkey = beresp.http.xkey + " " + regsub(bereq.url, "\?.*$", "");
    }
}

sub readpath_let_go {
    # Remembered as something to fetch for each reader, at the same time; whatever can be kept replaces it.
    set beresp.uncacheable = true;
    set beresp.ttl = 10s;
    set beresp.grace = 0s;
}

sub vcl_backend_error {
    if (bereq.is_bgfetch || var.get("may_be_stale") == "1") {
        return (abandon);
    }
    set beresp.status = 503;
    set beresp.http.Content-Type = "application/problem+json";
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Vary = "Accept-Encoding";
    set beresp.http.Retry-After = "2";
    set beresp.body = """{"type":"about:blank","title":"Service Unavailable","status":503}""";
    set beresp.uncacheable = true;
    set beresp.ttl = 1s;
    return (deliver);
}
