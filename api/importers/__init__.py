"""Where does content come from that nobody wrote here? Dumps of other sites, and a generator."""
