vcl 4.1;

# Varnish in front of us, with what it does by itself: https://varnish-cache.org/docs/7.1/users-guide/
# For benchmarks/ladder/proxies.

backend readpath {
    .host = "127.0.0.1";
    .port = "@UPSTREAM@";
}

sub vcl_backend_response {
    # Hits only: `max-age` is what browsers are told, a few seconds.
    set beresp.ttl = 1h;
}

sub vcl_deliver {
    if (obj.hits > 0) {
        set resp.http.Cache-Status = "varnish; hit";
    }
}
