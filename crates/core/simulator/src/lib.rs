//! Many nodes in one world from a seed, with bad networks and bad disks.
