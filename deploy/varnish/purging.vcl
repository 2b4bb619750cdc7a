# What is purged, on whose word, and what is remembered of it?
#
# Two marks, of the last purge of anything: which it was, for fetches that were under way (fetching.vcl),
# and when, for objects that were past their time already (vcl_hit). Marks are set before the purge.

sub vcl_init {
    # What was purged under another configuration is not known.
    var.global_set("purge", "at load");
    var.global_set("purged_at", "" + std.real(time = now));
}

sub readpath_purge {
    # Varnish has written X-Forwarded-For: with a comma, somebody asks through a proxy of ours.
    if (client.ip !~ purgers || req.http.X-Forwarded-For ~ ",") {
        return (synth(403));
    }
    call check_purge_token;
    if (!req.http.xkey-purge && !req.http.xkey-softpurge) {
        return (synth(400));
    }
    std.collect(req.http.xkey-purge, " ");
    std.collect(req.http.xkey-softpurge, " ");
    var.global_set("purge", req.xid);
    var.global_set("purged_at", "" + std.real(time = now));
    var.set_int("objects", 0);
    if (req.http.xkey-purge) {
        var.set_int("objects", xkey.purge(req.http.xkey-purge));
    }
    if (req.http.xkey-softpurge) {
        var.set_int("objects", var.get_int("objects") + xkey.softpurge(req.http.xkey-softpurge));
    }
    return (synth(200));
}

sub readpath_written {
    # Who writes through us reads what he has written, before any purge comes: the target of a write (RFC 9111
    # §4.4), and the groups that its answer names (RFC 9875 §3), if the origin does. Hard, and without a mark:
    # anybody may send what looks like a write, and must not keep us from keeping other answers.
    if (resp.status >= 200 && resp.status < 400 && req.method != "OPTIONS") {
        if (req.url ~ "^[^?, ]{1,200}(\?|$)") {
            # Where a comma stands in it, xkey would take what follows for another label: `all`, for instance.
            var.set_int("written", xkey.purge(regsub(req.url, "\?.*$", "")));
        }
        if (resp.http.Cache-Group-Invalidation) {
            std.collect(resp.http.Cache-Group-Invalidation);
            var.set_int("written", xkey.purge(regsuball(resp.http.Cache-Group-Invalidation, {"[",]+"}, " ")));
        }
    }
}
