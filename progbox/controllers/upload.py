"""The server's half of resumable uploads (tus 1.0)."""
