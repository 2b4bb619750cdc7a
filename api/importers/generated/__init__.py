"""What fills a database when nobody brings content? Plausible posts, the same for the same seed."""
