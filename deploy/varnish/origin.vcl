# Where is the origin, and who may purge? The part of the recipe that is yours.

backend origin {
    .host = "127.0.0.1";
    .port = "8000";
    # What the origin is asked for under, whatever a client has said: one of its ALLOWED_HOSTS.
    .host_header = "localhost";
    .connect_timeout = 1s;
    .first_byte_timeout = 15s;
    .between_bytes_timeout = 1s;
    .probe = alive;
}

# Who may purge, without a proxy in between: the machines on which the service runs.
acl purgers {
    "127.0.0.1";
    "::1";
}

# Other edges in front of this one, who need to see what browsers do not: labels, Age, lifetimes for edges.
acl edges {
}

# Where an address proves too little, ask for READPATH_PURGE_TOKEN as well, in a file of one line, which is read
# once: load the VCL anew when the token changes.
#
#     if (req.http.Authorization != "Bearer " + regsub(std.fileread("/etc/varnish/purge.token"), "\s+$", "")) {
#         return (synth(401));
#     }
sub check_purge_token {
}
