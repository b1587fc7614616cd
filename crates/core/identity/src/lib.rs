//! Who somebody is: words, keys, documents, keystore.
