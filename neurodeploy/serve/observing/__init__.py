"""What is seen of a server: metrics, logs, spans, and monitors of drift. It changes no reply."""
