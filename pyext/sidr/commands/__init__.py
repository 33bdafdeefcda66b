"""The subcommands of `sidr` by subject: the arguments of each, and the call that they stand for."""
