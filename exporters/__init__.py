"""First-party exporters: each file a plugin for one target, reached through the registry like anyone's."""
