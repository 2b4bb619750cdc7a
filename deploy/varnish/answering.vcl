# What do clients get to see, and how is it said who answered?

sub vcl_deliver {
    if (
        (req.http.readpath-authorization || req.http.readpath-cookie) && !req.http.readpath-past && !req.is_hitpass &&
        (
            resp.status == 401 || resp.status == 403 || resp.http.Cache-Control ~ "(?i)\bprivate\b" ||
            # A page that sends strangers to another one to log in.
            (resp.status < 400 && resp.http.Cache-Control ~ "(?i)\bno-store\b")
        )
    ) {
        set req.http.readpath-past = "1";
        return (restart);
    }
    if (req.method != "GET" && req.method != "HEAD") {
        call readpath_written;
    }
    call readpath_cache_status;
    if (client.ip !~ edges) {
        if (!obj.uncacheable) {
            call readpath_age;
        }
        unset resp.http.Surrogate-Control;
        unset resp.http.CDN-Cache-Control;
        unset resp.http.Surrogate-Key;
        unset resp.http.Cache-Tag;
        unset resp.http.xkey;
        unset resp.http.X-Varnish;
    } elsif (resp.http.xkey) {
        set resp.http.xkey = regsuball(resp.http.xkey, "(^| )/[^ ]*", "");
    }
    unset resp.http.readpath-lifetimes;
    unset resp.http.readpath-revalidate;
    unset resp.http.readpath-on-error;
    unset resp.http.readpath-fwd-status;
    return (deliver);
}

sub readpath_age {
    # What is purged when it changes is as good as made now (RFC 9111 §5.1 means what was confirmed), so a
    # browser may keep it for its own few seconds; but for no longer than it may be kept here.
    if (obj.ttl > 0s) {
        set resp.http.Age = std.integer(
            duration = std.duration(regsub(resp.http.Cache-Control, "^(?:.*,)?[ \t]*max-age=([0-9]{1,9})(?:[ \t]*,.*)?$", "\1") + "s", 0s)
            - obj.ttl + 1s
        );
        if (std.integer(resp.http.Age, 0) <= 0) {
            unset resp.http.Age;
        }
    }
}

sub readpath_cache_status {
    if (req.http.readpath-past || req.is_hitpass) {
        set req.http.readpath-status = "fwd=bypass";
    } elsif (req.method != "GET" && req.method != "HEAD") {
        set req.http.readpath-status = "fwd=method";
    } elsif (obj.hits > 0) {
        set req.http.readpath-status = "hit; ttl=" + std.integer(duration = obj.ttl);
    } elsif (req.http.readpath-renew || resp.http.readpath-fwd-status) {
        set req.http.readpath-status = "fwd=stale" + resp.http.readpath-fwd-status;
    } else {
        set req.http.readpath-status = "fwd=miss";
    }
    if (req.http.readpath-status ~ "^fwd=(miss|stale)" && !obj.uncacheable) {
        set req.http.readpath-status = req.http.readpath-status + "; stored";
    }
    # The cache nearest to the origin stands first (RFC 9211 §2).
    if (resp.http.Cache-Status) {
        std.collect(resp.http.Cache-Status);
        set resp.http.Cache-Status = resp.http.Cache-Status + ", Varnish; " + req.http.readpath-status;
    } else {
        set resp.http.Cache-Status = "Varnish; " + req.http.readpath-status;
    }
}

sub vcl_synth {
    if (resp.status == 503 && req.http.readpath-may-be-stale && !req.http.readpath-failed) {
        # The origin has failed: what is past its time is better than nothing.
        set req.http.readpath-failed = "1";
        return (restart);
    }
    set resp.http.Cache-Control = "no-store";
    if (resp.status == 200) {
        set resp.http.Content-Type = "text/plain; charset=utf-8";
        set resp.http.xkey-purged = var.get_int("objects");
        set resp.body = resp.http.xkey-purged + " objects";
        return (deliver);
    }
    if (resp.status == 401) {
        set resp.http.WWW-Authenticate = "Bearer";
    } elsif (resp.status == 405) {
        set resp.http.Allow = "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE";
    } elsif (resp.status == 503) {
        set resp.http.Retry-After = "2";
    }
    set resp.http.Content-Type = "application/problem+json";
    set resp.body = {"{"type":"about:blank","title":""} + resp.reason + {"","status":"} + resp.status + "}";
    return (deliver);
}
