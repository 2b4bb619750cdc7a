"""What is written content made of? HTML that is safe to show, and slugs to find it by."""
