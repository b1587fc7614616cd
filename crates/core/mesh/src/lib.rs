//! Nodes among nodes: sessions, records, links, look-ups.
