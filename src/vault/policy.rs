//! What is handed to sequoia's decryption: PKESK v6 to ML-KEM-768+X25519 and SKESK v6, nothing else.
