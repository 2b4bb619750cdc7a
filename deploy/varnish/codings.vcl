# Which coding does this client get? One word for the cache to vary by: br, zstd, gzip or none.
#
# RFC 9110 §12.5.3: a coding with the full weight, in the origin's order of preference; else one that the
# client takes though it would rather have another. What is refused (q=0) is never chosen, nor is what is
# not understood. Who refuses identity gets exactly what the origin says to that, past the cache.

sub readpath_coding {
    if (!req.http.Accept-Encoding) {
        return;
    }
    std.collect(req.http.Accept-Encoding, ",");
    if (req.http.Accept-Encoding ~ "^.{2049}") {
        # As the origin does: what is longer than any honest client's is not read.
        unset req.http.Accept-Encoding;
        return;
    }
    # Every member stands between commas, without spaces.
    set req.http.readpath-codings = "," + regsuball(req.http.Accept-Encoding.lower(), "[ \t]+", "") + ",";
    if (req.http.readpath-codings ~ ",(identity|\*);q=0(\.0{0,3})?,") {
        set req.http.readpath-past = "1";
        return;
    }
    unset req.http.Accept-Encoding;
    if (req.http.readpath-codings ~ ",br(;q=1(\.0{0,3})?)?," && req.http.readpath-codings !~ ",br;q=0(\.0{0,3})?,") {
        set req.http.Accept-Encoding = "br";
    } elsif (req.http.readpath-codings ~ ",zstd(;q=1(\.0{0,3})?)?," && req.http.readpath-codings !~ ",zstd;q=0(\.0{0,3})?,") {
        set req.http.Accept-Encoding = "zstd";
    } elsif (req.http.readpath-codings ~ ",(x-)?gzip(;q=1(\.0{0,3})?)?," && req.http.readpath-codings !~ ",(x-)?gzip;q=0(\.0{0,3})?,") {
        set req.http.Accept-Encoding = "gzip";
    } elsif (req.http.readpath-codings !~ ",identity(;q=1(\.0{0,3})?)?," && req.http.readpath-codings ~ ";q=0\.|,\*") {
        call readpath_second_choice;
    }
}

sub readpath_second_choice {
    if (req.http.readpath-codings ~ ",br;q=0\.(?=[0-9]{0,2}[1-9])[0-9]{1,3}," && req.http.readpath-codings !~ ",br;q=0(\.0{0,3})?,") {
        set req.http.Accept-Encoding = "br";
    } elsif (req.http.readpath-codings ~ ",zstd;q=0\.(?=[0-9]{0,2}[1-9])[0-9]{1,3}," && req.http.readpath-codings !~ ",zstd;q=0(\.0{0,3})?,") {
        set req.http.Accept-Encoding = "zstd";
    } elsif (req.http.readpath-codings ~ ",(x-)?gzip;q=0\.(?=[0-9]{0,2}[1-9])[0-9]{1,3}," && req.http.readpath-codings !~ ",(x-)?gzip;q=0(\.0{0,3})?,") {
        set req.http.Accept-Encoding = "gzip";
    } elsif (req.http.readpath-codings ~ ",\*[;,]" && req.http.readpath-codings !~ ",(x-)?gzip[;,]") {
        # "Anything": what is not listed.
        set req.http.Accept-Encoding = "gzip";
    }
}
