"""The door for plugins: contracts, hooks, loading, and the registry."""
