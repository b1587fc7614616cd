//! Members, key epochs and the keyring: what files, messages and sites stand on.
