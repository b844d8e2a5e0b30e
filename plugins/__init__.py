"""First-party steps and looks: each file a plugin, reached through the registry like anyone's."""
